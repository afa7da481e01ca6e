"""What a job says, arriving in the daemon: bounded, checked, counted."""

import json
import logging
from typing import Any

from linod.clock import Clock
from linod.host.protocol import (
    JOB_BYTES,
    JOB_RECORDS,
    LINE_BYTES,
    MESSAGE_BYTES,
    TRACEBACK_BYTES,
    HostEvents,
    Message,
    Record,
)
from linod.host.text import Lines, clean, cut
from linod.jobs import State

LONGEST_LINE = 2 * 1024 * 1024
"""Of the stream: a record of LINE_BYTES in JSON, where each byte may take six. A longer one is no record of ours."""

LATEST = 253402300800.0
"""The year 10000, in seconds since 1970: what no datetime can hold."""

HIGHEST_LEVEL = 1000

REPORTED = frozenset({State.SUCCEEDED, State.WARNED, State.FAILED, State.OUT_OF_MEMORY})


class Report:
    """The outcome as the child reported it. `signalled`: the procedure had been told to end."""

    def __init__(self, message: Message) -> None:
        self.state = State(message["state"])
        if self.state not in REPORTED:
            raise ValueError(f"a job cannot report {self.state}")
        self.message = cut(clean(str(message["message"])), MESSAGE_BYTES)
        self.traceback = cut(clean(str(message["traceback"])), TRACEBACK_BYTES + 3)
        self.signalled = bool(message["signalled"])


class Intake:
    """The records of one job from its three descriptors, and its report.

    returned  its procedure had returned when the job was told to end, but its process went on.
    level  the job's: what is printed to a descriptor directly is filtered here, all else in the child.
    """

    def __init__(self, job_id: int, level: int, events: HostEvents, clock: Clock) -> None:
        self.report: Report | None = None
        self.returned = False
        self._job_id = job_id
        self._level = level
        self._events = events
        self._clock = clock
        self._rest = b""
        self._overlong = False
        self._records = 0
        self._bytes = 0
        self._dropped_here = 0
        self._dropped_there = 0

    @property
    def dropped(self) -> int:
        """Records that the job made and nobody will see."""
        return self._dropped_here + self._dropped_there

    def stream(self, data: bytes) -> None:
        """Some bytes of the stream."""
        *whole, rest = data.split(b"\n")
        for piece in whole:
            line, self._rest = self._rest + piece, b""
            if line and not self._overlong:
                self._line(line)
            self._overlong = False
        self._rest += rest
        if len(self._rest) > LONGEST_LINE or self._overlong:
            self._rest, self._overlong = b"", True

    def _line(self, line: bytes) -> None:
        try:
            message = json.loads(line)
            self._message(message)
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
            # The procedure wrote to a descriptor that is not its own, or its process was killed in the middle of a
            # line.
            self._record(self._now(), logging.WARNING, "linod", f"Not understood on the job's stream: {line[:200]!r}")

    def _message(self, message: dict[str, Any]) -> None:
        if "r" in message:
            moment, level, name, text = message["r"]
            if not 0 <= moment < LATEST or not 0 <= level <= HIGHEST_LEVEL:
                raise ValueError("no moment, or no level")
            self._record(
                float(moment), int(level), cut(clean(str(name)), MESSAGE_BYTES), cut(clean(str(text)), LINE_BYTES)
            )
        elif "p" in message:
            done, total = message["p"]
            self._events.job_progress(self._job_id, int(done), int(total))
        elif "end" in message:
            self.report = Report(message["end"])
            self._dropped_there = int(message["end"]["dropped"])
        elif "returned" in message:
            self.returned = True
        else:
            self._dropped_there = int(message["dropped"])

    def printer(self, name: str, level: int) -> "Printer":
        """The way in for one of the pipes."""
        return Printer(self, name, level)

    def _record(self, moment: float, level: int, name: str, text: str) -> None:
        if self.full:
            self._dropped_here += 1
            return
        self._records += 1
        self._bytes += len(text)
        self._events.job_record(self._job_id, Record(moment, level, name, text))

    @property
    def full(self) -> bool:
        """The job has used up what it may log."""
        return self._records >= JOB_RECORDS or self._bytes >= JOB_BYTES

    def printed(self, level: int, name: str, lines: list[str]) -> None:
        """Lines from one of the pipes."""
        if level >= self._level:
            for line in lines:
                self._record(self._now(), level, name, line)

    def drop(self, level: int, count: int) -> None:
        """Lines that were not even looked at."""
        if level >= self._level:
            self._dropped_here += count

    def tell_dropped(self) -> None:
        """The last record of a job that logged too much, whatever its level: else the log would look complete."""
        if self.dropped:
            limit = f"a job may log {JOB_RECORDS} records or {JOB_BYTES >> 20} MiB"
            text = f"{self.dropped} further records were dropped: {limit}"
            level = max(logging.WARNING, self._level)
            self._events.job_record(self._job_id, Record(self._now(), level, "linod", text))

    def tell_left(self, count: int, stuck: bool) -> None:
        """A record of processes that had not ended when the job had: who wrote it may not know of them."""
        if count:
            left = "that the job had left behind"
            text = f"1 process {left} was killed" if count == 1 else f"{count} processes {left} were killed"
            text += ", but not all of them end: they sleep uninterruptibly" if stuck else ""
            self._record(self._now(), logging.WARNING, "linod", text)

    def tell_undead(self, pid: int) -> None:
        """A record of a process that lives on after its SIGKILL."""
        text = (
            f"Process {pid} was sent SIGKILL, but it sleeps uninterruptibly (a disk or a network file system that does"
        )
        text += f" not answer?). It ends when it wakes, and the job with it; see /proc/{pid}/stack"
        self._events.job_record(self._job_id, Record(self._now(), logging.WARNING, "linod", text))

    def _now(self) -> float:
        return self._clock.now().timestamp()


class Printer:
    """One pipe: lines of text, until the job's log is full; then only their number."""

    def __init__(self, intake: Intake, name: str, level: int) -> None:
        self._intake = intake
        self._name = name
        self._level = level
        self._lines = Lines()

    def feed(self, data: bytes) -> None:
        """Some bytes of the pipe."""
        if self._intake.full:
            self._intake.drop(self._level, data.count(b"\n"))
        else:
            self._intake.printed(self._level, self._name, self._lines.feed(data))

    def end(self) -> None:
        """The pipe is at its end: a last line without an end counts as well."""
        self._intake.printed(self._level, self._name, self._lines.end())
