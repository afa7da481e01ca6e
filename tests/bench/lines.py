"""First lines: the FIFO that procedures, and the floor's workers, tell the moment of their first statement."""

import os
import select
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.verdict import Unmeasured


@dataclass(frozen=True)
class Line:
    """One told line: CLOCK_MONOTONIC and CLOCK_REALTIME in nanoseconds, and the job's number (0 from the floor)."""

    monotonic: int
    realtime: int
    job: int


class Lines:
    """The reading end; it is open for writing too, so that a writer never waits and the end is never reached."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self._file = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self._rest = b""

    def close(self) -> None:
        os.close(self._file)

    def next(self, timeout: float = 10.0) -> Line:
        """The next line; `Unmeasured` when none comes within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self._file], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise Unmeasured(f"no procedure told its first line within {timeout:g} s")
            self._rest += os.read(self._file, 4096)
        line, self._rest = self._rest.split(b"\n", 1)
        return Line(*(int(field) for field in line.split()))
