"""The only place where time is read."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What linod asks of a clock; tests give a clock of their own."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds since some moment, never going back."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()
