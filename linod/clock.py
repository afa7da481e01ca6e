"""The only place where time is read."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What linod asks of a clock; tests give a clock of their own."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds since some moment, never going back, and standing still while the machine sleeps."""

    def boottime(self) -> float:
        """The same, but going on while it sleeps."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def boottime(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)
