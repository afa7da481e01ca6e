"""The daemon's records in two places: where they went before, the journal or standard error, and `lino.log`."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from linod.journal.entry import Entry
from linod.journal.events import Event

if TYPE_CHECKING:
    from linod.journal import Writer
    from linod.logs.file import FileWriter


class Both:
    """Writes each record to the console, and to the file. Neither holds the other up when it cannot be written.

    console_level, file_level
        what the daemon says of itself below it is left out there; a reload may set them. About what jobs log, the level
        of their task has decided. Events are for the console at any level.
    """

    def __init__(self, console: Writer, file: FileWriter, console_level: int, file_level: int) -> None:
        self.console_level = console_level
        self.file_level = file_level
        self._console = console
        self._file = file
        self._away = ""
        self._lost = 0

    @property
    def trouble(self) -> str:
        return self._console.trouble or self._away

    def write(self, entry: Entry) -> None:
        """Raises OSError when the console cannot be written; trouble with the file is told there."""
        try:
            if entry.of_job or entry.event or entry.level >= self.console_level:
                self._console.write(entry)
        finally:
            if entry.of_job or entry.level >= self.file_level:
                self._write_file(entry)

    def _write_file(self, entry: Entry) -> None:
        try:
            if self._away:
                text = f"{self._file.path} is written again; {self._lost} records are missing there."
                self._file.write(_notice(logging.WARNING, text, Event.LOG_FILE_BACK))
                self._tell(_notice(logging.WARNING, text, Event.LOG_FILE_BACK))
                self._away, self._lost = "", 0
            self._file.write(entry)
        except OSError as error:
            self._lost += 1
            if not self._away:
                self._away = f"{self._file.path} cannot be written: {error.strerror}"
                self._tell(_notice(logging.ERROR, self._away, Event.LOG_FILE_AWAY))

    def _tell(self, notice: Entry) -> None:
        with suppress(OSError):  # the console has trouble of its own, which the journal counts
            self._console.write(notice)


def _notice(level: int, text: str, event: Event) -> Entry:
    return Entry(level, text, event, {}, False)
