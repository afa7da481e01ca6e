"""The last log lines of one job, for the columns `message` and `log` of its row. Pure."""

import logging
from collections import deque
from datetime import datetime, tzinfo

from linod.journal.entry import printable

CUT = "... "
"""Where the beginning of a record stood that alone is longer than the limit: a traceback's last lines say most."""


class Tail:
    """Keeps the last records of a job, each as "TIME LEVEL text", within two limits.

    zone         of the times.
    limit_lines  records kept; one record may be several lines long.
    limit_bytes  size of `text()` in UTF-8.

    lines    all records so far, those kept and those not.
    dropped  those that `text()` does not have any more.
    """

    def __init__(self, zone: tzinfo, limit_lines: int = 500, limit_bytes: int = 64 * 1024) -> None:
        self.lines = 0
        self.dropped = 0
        self._zone = zone
        self._limit_lines = limit_lines
        self._limit_bytes = limit_bytes
        self._kept: deque[tuple[bytes, int]] = deque()  # each record, and its size with its line end
        self._bytes = 0

    def add(self, time: float, level: int, text: str) -> None:
        """Take a record; any text, level and time will do, because a job's log must always fit its row.

        time  seconds since 1970, as a log record of Python has it.
        """
        line = f"{self._clock(time)} {logging.getLevelName(level)} {printable(text)}".encode()
        if len(line) >= self._limit_bytes:
            head = line[: line.find(b" ", 9) + 1] + CUT.encode()
            line = head + line[len(head) + len(line) - self._limit_bytes + 1 :].decode(errors="ignore").encode()
        self.lines += 1
        self._kept.append((line, len(line) + 1))
        self._bytes += len(line) + 1
        while len(self._kept) > self._limit_lines or self._bytes > self._limit_bytes:
            self._bytes -= self._kept.popleft()[1]
            self.dropped += 1

    def drop(self, count: int) -> None:
        """Count records that a job logged and nobody kept, because there were too many of them."""
        self.lines += count
        self.dropped += count

    def text(self) -> str:
        """The records kept, oldest first, a newline between two."""
        return b"\n".join(line for line, _ in self._kept).decode()

    def _clock(self, time: float) -> str:
        try:
            return f"{datetime.fromtimestamp(time, self._zone):%H:%M:%S}"
        except (
            ValueError,
            OverflowError,
            OSError,
        ):  # not a moment of this calendar: the line counts more than its time
            return "--:--:--"
