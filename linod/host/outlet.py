"""What a job says, on its way to the daemon: log records, printed lines, progress, the report. Runs in the child.

Writing blocks while the daemon does not read: a procedure that floods its log waits, and nothing grows.
"""

import io
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from linod.host.protocol import JOB_BYTES, JOB_RECORDS, LINE_BYTES, Message
from linod.host.text import Lines, clean, cut, cut_head

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

encode = json.JSONEncoder(separators=(",", ":")).encode

PROGRESS_PAUSE = 0.1
"""Seconds between two reports of progress; the last one (done = total) is never held back."""

TELL_DROPPED = 10_000
"""Dropped records between two reports of their number, for the case that the job is killed before its last report."""


class Closed(Exception):
    """The stream is not ours any more: the procedure closed it, or the daemon is gone."""


class Outlet:
    """The child's end of the job's stream. Threads of the procedure may use it at once.

    interrupted  called when a line is complete, if a signal came during it: see `busy`.
    """

    def __init__(self) -> None:
        self._sock: socket.socket | None = None
        self._identity: tuple[int, int] | None = None
        self._lock = threading.RLock()
        self._main = threading.get_ident()
        self._later: list[bytes] = []
        self._records = 0
        self._bytes = 0
        self._progress_at = 0.0
        self.dropped = 0
        self.level: int = logging.INFO
        self.busy = False  # the main thread is in the middle of a line: a signal handler must not raise now
        self.interrupted: Callable[[], None] | None = None

    def attach(self, sock: socket.socket, level: int) -> None:
        """From now on this is the stream; count from zero.

        level  records below it go nowhere.
        """
        self._sock = sock
        self._identity = _identity(sock.fileno())
        self._records = self._bytes = self.dropped = 0
        self._progress_at = 0.0
        self.level = level

    def record(self, moment: float, level: int, name: str, text: str) -> None:
        """One log record, unless the job has used up what it may log."""
        if level < self.level:
            return
        text = cut(clean(text), LINE_BYTES)
        if self._records >= JOB_RECORDS or self._bytes >= JOB_BYTES:
            self.dropped += 1
            if self.dropped % TELL_DROPPED == 1:
                self._try({"dropped": self.dropped})
            return
        self._records += 1
        self._bytes += len(text)
        self._try({"r": [moment, level, name, text]})

    def progress(self, done: int, total: int) -> None:
        """How far the procedure is."""
        now = time.monotonic()
        if now - self._progress_at >= PROGRESS_PAUSE or done >= total:
            self._progress_at = now
            self._try({"p": [int(done), int(total)]})

    def returned(self) -> None:
        """The procedure has returned, though the process goes on: for a thread, or an exit function."""
        self._try({"returned": True})

    def report(self, report: Message) -> bool:
        """The last line. Returns whether it went out."""
        return self._try({"end": report | {"dropped": self.dropped}})

    def _try(self, message: Message) -> bool:
        try:
            self._send(encode(message).encode() + b"\n")
        except Closed:
            return False
        return True

    def _send(self, line: bytes) -> None:
        with self._lock:
            if self.busy and threading.get_ident() == self._main:
                self._later.append(line)  # we are in a signal handler of the procedure, in the middle of another line
                return
            main = threading.get_ident() == self._main
            self.busy = main
            try:
                self._write(line)
                while self._later:
                    self._write(self._later.pop(0))
            finally:
                self.busy = False
        if main and self.interrupted is not None:
            self.interrupted()

    def _write(self, line: bytes) -> None:
        """Write to the socket, after making sure that it is ours.

        A procedure may close every descriptor (daemonising code does) and open files of its own under the same numbers.
        """
        try:
            if self._sock is None or _identity(self._sock.fileno()) != self._identity:
                raise Closed
            self._sock.sendall(line, socket.MSG_NOSIGNAL)
        except OSError as error:
            raise Closed from error


def _identity(fd: int) -> tuple[int, int]:
    stat = os.fstat(fd)
    return stat.st_dev, stat.st_ino


Take = Callable[[float, int, str, str], None]
"""Takes a record: its moment in seconds since 1970, its level, the name of its logger, its text."""


class OutletHandler(logging.Handler):
    """Hands on every record as text, its traceback included; `Outlet.record` sends it to the daemon."""

    def __init__(self, take: Take) -> None:
        super().__init__()
        self._take = take
        self._formatter = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        self._take(record.created, record.levelno, record.name, self._text(record))

    def _text(self, record: logging.LogRecord) -> str:
        try:
            text = record.getMessage()
        except Exception as error:  # wrong arguments for the format: the line is worth more than the exception
            text = f"{_safe(record.msg)} (arguments {_safe(record.args)} do not fit: {type(error).__name__})"
        if record.exc_info and not record.exc_text:
            record.exc_text = self._formatter.formatException(record.exc_info)
        if record.exc_text:
            text += "\n" + cut_head(record.exc_text, LINE_BYTES // 2)
        if record.stack_info:
            text += "\n" + record.stack_info
        return text


def _safe(value: object) -> str:
    try:
        return str(value)
    except Exception:  # somebody's __str__; what is left is its type
        return f"<{type(value).__name__}>"


class Printed(io.RawIOBase):
    """Stands below sys.stdout or sys.stderr: each line printed is one record, in order with the logged ones.

    `fileno` is the descriptor, so that a subprocess given this file writes to the pipe that the daemon reads.
    """

    def __init__(self, outlet: Outlet, name: str, level: int, fd: int) -> None:
        super().__init__()
        self._outlet = outlet
        self._name = name
        self._level = level
        self._fd = fd
        self._lines = Lines()

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd

    def write(self, data: "ReadableBuffer", /) -> int:
        piece = bytes(data)
        self._records(self._lines.feed(piece))
        return len(piece)

    def end(self) -> None:
        """A last line without an end counts as well."""
        self._records(self._lines.end())

    def _records(self, lines: list[str]) -> None:
        for line in lines:
            self._outlet.record(time.time(), self._level, self._name, line)


def text_file(printed: Printed) -> io.TextIOWrapper:
    """What a procedure finds as sys.stdout or sys.stderr."""
    return io.TextIOWrapper(
        printed,  # type: ignore[arg-type]  # typeshed wants a `name`, TextIOWrapper does not
        encoding="utf-8",
        errors="backslashreplace",
        line_buffering=True,
        write_through=True,
    )
