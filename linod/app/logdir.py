"""The `log_dir` of a daemon: `lino.log` gets its records, too, and those of the site's other processes."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from linod.errors import ConfigurationError
from linod.journal import Event, Writer
from linod.logs.both import Both
from linod.logs.datagrams import Received
from linod.logs.file import NAME, FileWriter
from linod.logs.receiver import LogSocket, Sender
from linod.settings import Settings

if TYPE_CHECKING:
    from linod.app.daemon import Daemon


@contextmanager
def serve_logs(daemon: "Daemon", directory: Path) -> Iterator[None]:
    """Listen on the log socket while the context lasts. The daemon's own records go to the file to the very last.

    Called with the lock of the database held: a second daemon of the site never writes there.
    Raises  ConfigurationError when the directory cannot be written, or another daemon has it.
    """
    file = FileWriter(directory / NAME, daemon.clock, daemon.zone)

    def take(sender: Sender, received: Received) -> None:
        if received.level >= daemon.settings.file_log_level.value:
            file.write_line(received.level, f"{received.program} {sender.pid}", received.text)

    def report(text: str) -> None:
        daemon.journal.send(logging.WARNING, text, event=Event.LOG_SOCKET)

    socket = LogSocket(directory, take, report, daemon.clock)
    try:
        file.open()
        socket.open()
    except OSError as error:
        raise ConfigurationError(
            f"{directory}: this user (uid {os.geteuid()}) cannot write there: {error.strerror}; set log_dir to a "
            "directory that it may write, or give it this one"
        ) from error
    _divert(daemon, file)
    try:
        yield
    finally:
        socket.close()


def _divert(daemon: "Daemon", file: FileWriter) -> None:
    """Let the daemon's records go to the file as well, with the levels of its settings, also after a reload."""
    made: list[Both] = []

    def wrap(console: Writer) -> Writer:
        made.append(Both(console, file, logging.NOTSET, logging.NOTSET))
        return made[0]

    def use(settings: Settings) -> None:
        levels = (settings.log_level.value, settings.file_log_level.value)
        made[0].console_level, made[0].file_level = levels
        file.zone = ZoneInfo(settings.time_zone)
        logging.getLogger("lino").setLevel(min(levels))

    daemon.journal.divert(wrap)
    use(daemon.settings)
    daemon.on_settings.append(use)
