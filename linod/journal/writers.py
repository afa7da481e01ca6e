"""Where records go: journald's native protocol under systemd, readable lines on standard error elsewhere."""

import logging
import os
import select
from collections.abc import Mapping
from typing import Protocol, TextIO

from linod.journal.entry import Entry, printable, priority
from linod.journal.events import Event

COLORS = ((50, "\x1b[1;31m"), (40, "\x1b[31m"), (30, "\x1b[33m"), (20, ""), (0, "\x1b[2m"))
"""By level, the first that fits: bold red, red, yellow, none, dim."""


class Writer(Protocol):
    """Something that writes records; it is called in one thread only.

    trouble  why records do not go where they should at the moment; empty when they do.
    """

    @property
    def trouble(self) -> str: ...

    def write(self, entry: Entry) -> None:
        """Write one record, blocking for as long as it takes. Raises OSError when it cannot be written."""


def open_writer(environ: Mapping[str, str], stderr: TextIO | None, *, color: bool | None, site: str) -> Writer:
    """Choose where this process logs.

    environ  JOURNAL_STREAM tells whether standard error is the journal; NO_COLOR and TERM whether colours are welcome.
    stderr   standard error, None when the process was started without.
    color    colours on standard error: yes, no, or None for "on a terminal".
    site     for the field LINOD_SITE.
    """
    fd = _descriptor(stderr)
    if fd is not None and is_journal(environ, stderr):
        from linod.journal.native import NativeWriter

        return JournalWriter(NativeWriter(site), StderrWriter(fd, prefixed=True))
    if color is None:
        color = fd is not None and os.isatty(fd) and "NO_COLOR" not in environ and environ.get("TERM") != "dumb"
    return StderrWriter(fd, colored=color)


def is_journal(environ: Mapping[str, str], stderr: TextIO | None) -> bool:
    """Whether standard error goes to journald."""
    fd = _descriptor(stderr)
    return fd is not None and environ.get("JOURNAL_STREAM") == _identity(fd)


def marked(text: str, level: int) -> str:
    """`text` for a standard error that is the journal, with its level before each line (sd-daemon(3))."""
    mark = f"<{priority(level)}>"
    return mark + text.replace("\n", f"\n{mark}")


class StderrWriter:
    """Lines for people: the bare text for DEBUG and INFO, "WARNING: text" above.

    fd        of standard error; None: there is none, and each record is a lost one.
    colored   with colours by level.
    prefixed  each line begins with "<4>", by which journald knows its level (SyslogLevelPrefix= in systemd.exec(5)).

    It writes to the descriptor, not to `sys.stderr`: a thread stuck in that one's buffer makes Python abort at exit.
    """

    trouble = ""

    def __init__(self, fd: int | None, *, colored: bool = False, prefixed: bool = False) -> None:
        self._fd = fd
        self.colored = colored
        self._prefixed = prefixed

    def write(self, entry: Entry) -> None:
        if self._fd is None:
            raise OSError("there is no standard error")
        data = (self._lines(entry) + "\n").encode()
        while data:
            try:
                data = data[os.write(self._fd, data) :]
            except BlockingIOError:  # somebody else made the terminal or pipe non-blocking
                ready = select.poll()
                ready.register(self._fd, select.POLLOUT)
                ready.poll()

    def _lines(self, entry: Entry) -> str:
        text = printable(entry.text)
        if entry.level >= logging.WARNING:
            text = f"{logging.getLevelName(entry.level)}: {text}"
        if self._prefixed:
            return marked(text, entry.level)
        if self.colored:
            color = next((color for least, color in COLORS if entry.level >= least), "")
            return f"{color}{text}\x1b[0m" if color else text
        return text


class JournalWriter:
    """journald, and standard error while that cannot be reached: said once there; each record tries journald first."""

    def __init__(self, journal: Writer, stderr: Writer) -> None:
        self.trouble = ""
        self._journal = journal
        self._stderr = stderr

    def write(self, entry: Entry) -> None:
        try:
            if self.trouble:
                self._journal.write(_notice(logging.INFO, "The journal takes records again.", Event.JOURNAL_BACK))
                self.trouble = ""
            self._journal.write(entry)
        except OSError as error:
            if not self.trouble:
                self.trouble = f"The journal does not take records ({error}); they go to standard error until it does."
                self._stderr.write(_notice(logging.WARNING, self.trouble, Event.JOURNAL_AWAY))
            self._stderr.write(entry)


def _notice(level: int, text: str, event: Event) -> Entry:
    return Entry(level, text, event, {}, False)


def _descriptor(stream: TextIO | None) -> int | None:
    try:
        return stream.fileno() if stream is not None else None
    except (OSError, ValueError):  # closed, or no file at all (io.UnsupportedOperation is both)
        return None


def _identity(fd: int) -> str | None:
    """Device and inode of an open file as JOURNAL_STREAM has them (systemd.exec(5)); None when it is closed."""
    try:
        found = os.fstat(fd)
    except OSError:
        return None
    return f"{found.st_dev}:{found.st_ino}"
