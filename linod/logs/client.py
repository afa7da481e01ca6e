"""Log records of a process of the site, sent to its daemon; under systemd to the journal."""

import logging
import os
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path

from linod.journal.entry import printable, priority
from linod.journal.handler import place_of, said
from linod.journal.native import SOCKET, datagram, send
from linod.journal.writers import is_journal, marked
from linod.settings import Settings, load

PATIENCE_MICROSECONDS = 500_000
"""How long one record may wait for a daemon that has not yet taken those before. The kernel queues 10 of them, or what
net.unix.max_dgram_qlen says, and a burst has more. With 20 ms a burst lost some on a machine that was busy. A daemon
that hangs costs this once: after a loss nothing waits until a record gets through."""


def connect(settings: str | None = None, *, site: str | None = None, logger: str = "lino") -> "SiteHandler":
    """Send the records of a logger to the log of a site.

    settings  what `linod --settings` is given: a TOML file, or a package that holds linod.toml. None: not given.
    site      what `linod --site` is given. None: not given; then it is found as linod finds it.
    logger    name of the logger. One that was connected before leaves the site it had.
    Returns   the handler, which may get a formatter or a level.
    Raises    ConfigurationError when the settings cannot be read.

    Where they go: to the journal when standard error is the journal; else to `lino.log` in the site's `log_dir`, by way
    of its daemon; to standard error while that is away, and for a site that has no `log_dir`. It never matters who was
    started first. The logger gets the site's level, of LINO_FILE_LOGLEVEL, LINO_LOGLEVEL or `log_level`.
    """
    return connect_to(load(settings=settings, site=site), logger)


def connect_to(settings: Settings, logger: str = "lino") -> "SiteHandler":
    """The same with settings that were read."""
    if is_journal(os.environ, sys.stderr):
        handler = SiteHandler(settings.site, SOCKET, settings.log_level.value, prefixed=True)
        level = settings.log_level.value
    else:
        path = None if settings.log_socket is None else str(settings.log_socket)
        handler = SiteHandler(settings.site, path, settings.log_level.value)
        level = min(settings.log_level.value, settings.file_log_level.value)
    log = logging.getLogger(logger)
    for old in [old for old in log.handlers if isinstance(old, SiteHandler)]:
        log.removeHandler(old)
        old.close()
    log.addHandler(handler)
    log.setLevel(level)
    return handler


class SiteHandler(logging.Handler):
    """Sends records to a datagram socket in journald's protocol, and prints them while nobody listens there.

    path           of the socket, None when there is none.
    console_level  what is printed while nobody listens: records of this level and above.
    prefixed       standard error is the journal: lines begin with their level.

    Each record looks for the socket anew, so it does not matter who is started first and who again.
    """

    sends_to_linod = True

    def __init__(self, site: str, path: str | None, console_level: int, *, prefixed: bool = False) -> None:
        super().__init__()
        self._site = site
        self._path = path
        self._console_level = console_level
        self._prefixed = prefixed
        name = Path(sys.argv[0] if sys.argv else "").name
        self._program = "python" if name in ("", "-", "-c") else name
        self._away = False
        self._lost = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        patience = struct.pack("ll", 0, PATIENCE_MICROSECONDS)  # struct timeval of socket(7), SO_SNDTIMEO
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, patience)

    def emit(self, record: logging.LogRecord) -> None:
        text = said(self, record)
        if self._path is None:
            self._print(record.levelno, text)
            return
        try:
            if self._lost:
                self._send(logging.WARNING, self._losses, {})
                self._lost = 0
            self._send(record.levelno, text, place_of(record))
            self._away = False
        except BlockingIOError:  # it is there, and does not take what it is sent
            self._lost += 1
        except OSError as error:
            if not self._away:
                self._away = True
                until = "this user may write there" if isinstance(error, PermissionError) else "linod is back"
                self._print(logging.WARNING, f"{self._path}: {error.strerror}; records go here until {until}")
            self._print(record.levelno, text)

    def close(self) -> None:
        """Say what was lost and could not be told."""
        self.acquire()
        try:
            if self._lost:
                self._print(logging.WARNING, self._losses)
                self._lost = 0
            self._socket.close()
        finally:
            self.release()
        super().close()

    @property
    def _losses(self) -> str:
        return f"{self._lost} log records of this process were lost: linod did not take them fast enough."

    def _send(self, level: int, text: str, place: dict[str, str]) -> None:
        """Raises BlockingIOError when it is not taken in time; after a loss, at once."""
        fields = {
            "MESSAGE": printable(text),
            "PRIORITY": str(priority(level)),
            "SYSLOG_IDENTIFIER": self._program,
            "LINOD_SITE": self._site,
            **place,
        }
        assert self._path is not None
        send(self._socket, datagram(fields.items()), self._path, socket.MSG_DONTWAIT if self._lost else 0)

    def _print(self, level: int, text: str) -> None:
        if level < self._console_level or sys.stderr is None:
            return
        text = printable(text)
        if level >= logging.WARNING:
            text = f"{logging.getLevelName(level)}: {text}"
        with suppress(OSError, ValueError):  # closed, or nobody reads: there is no other place to tell it
            print(marked(text, level) if self._prefixed else text, file=sys.stderr, flush=True)
