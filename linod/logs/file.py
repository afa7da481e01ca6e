"""The file `lino.log`: lines of the daemon and of other processes, written by the daemon alone."""

import logging
import os
import threading
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from linod.clock import Clock
from linod.journal.entry import Entry, printable

NAME = "lino.log"


class FileWriter:
    """Writes lines to a file that others may move or remove at any time: logrotate, or `rm -r` of its directory.

    Before each line it looks whether the path still names the file that is open. If not, directory and file are made
    again. Any thread may write.

    zone  of the times in the lines; a reload may set it.
    """

    trouble = ""

    def __init__(self, path: Path, clock: Clock, zone: ZoneInfo) -> None:
        self.path = path
        self.zone = zone
        self._clock = clock
        self._own = f"linod {os.getpid()}"
        self._lock = threading.Lock()
        self._fd: int | None = None
        self._torn = False

    def open(self) -> None:
        """Make directory and file when they are missing. Raises OSError."""
        with self._lock:
            self._current()

    def write(self, entry: Entry) -> None:
        """Write a record of the daemon. Raises OSError when it cannot be written."""
        who = f"{self._own} job {entry.fields['LINOD_JOB']}" if entry.of_job else self._own
        self.write_line(entry.level, who, printable(entry.text))

    def write_line(self, level: int, who: str, text: str) -> None:
        """Write a record.

        level   as in Python's logging.
        who     program and pid, and the job for what a procedure says.
        text    printable, several lines too.
        Raises  OSError when it cannot be written.
        """
        with self._lock:
            data = line(self._clock.now().astimezone(self.zone), level, who, text).encode(errors="backslashreplace")
            fd = self._current()
            if self._torn:  # a full disk took half of a line
                data = b"\n" + data
            while data:
                written = os.write(fd, data)
                data = data[written:]
                self._torn = bool(data)

    def _current(self) -> int:
        """The descriptor of the file that the path names now. Raises OSError."""
        if self._fd is not None:
            opened = os.fstat(self._fd)
            try:
                named = self.path.stat()
            except FileNotFoundError:
                named = None
            if named is not None and (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino):
                return self._fd
            os.close(self._fd)
            self._fd = None
        self._torn = False
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        return self._fd


def line(moment: datetime, level: int, who: str, text: str) -> str:
    """One record as it stands in the file. Further lines of its text are indented: none can pass for another record."""
    head = f"{moment.isoformat(' ', 'seconds')} {logging.getLevelName(level)} [{who}] : "
    return head + text.replace("\n", "\n    ") + "\n"
