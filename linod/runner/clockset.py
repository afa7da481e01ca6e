"""Whether somebody set the wall clock, or the machine slept, between two looks at the clocks."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from linod.clock import Clock
from linod.tasks import length
from linod.tuples import NamedTuple

NOTICED = 2.0
"""Seconds from which on a step is one. A leap second is 1 s; what NTP slews, it slews on all clocks alike."""

AT_ONCE = 0.1
"""Seconds within which the clocks are read. A process that was stopped in between reads them again."""


class Reading(NamedTuple):
    """All clocks at one moment.

    monotonic  seconds, not counting while the machine sleeps (CLOCK_MONOTONIC of clock_gettime(2)).
    boottime   seconds, counting then too (CLOCK_BOOTTIME).
    """

    wall: datetime
    monotonic: float
    boottime: float


class ClockSet(NamedTuple):
    """What happened between two readings.

    expected  what the wall clock would show now, had nobody set it; when linod was down, the last that was seen of it.
    now       what it shows.
    slept     seconds that the machine slept.
    down      it happened while linod was down.
    """

    expected: datetime
    now: datetime
    slept: float = 0.0
    down: bool = False

    @property
    def step(self) -> float:
        """Seconds by which the clock was set: forward above 0, back below; 0 for what is not worth telling."""
        seconds = (self.now - self.expected).total_seconds()
        return seconds if abs(seconds) > NOTICED else 0.0


def read(clock: Clock) -> Reading:
    """Read all clocks as of one moment."""
    while True:
        monotonic = clock.monotonic()
        reading = Reading(clock.now(), monotonic, clock.boottime())
        if clock.monotonic() - monotonic < AT_ONCE:
            return reading


def compare(last: Reading, this: Reading) -> ClockSet | None:
    """What happened from one reading to the next; None when time went by as it does."""
    elapsed = this.boottime - last.boottime
    slept = elapsed - (this.monotonic - last.monotonic)
    found = ClockSet(last.wall + timedelta(seconds=elapsed), this.wall, slept if slept > NOTICED else 0.0)
    return found if found.step or found.slept else None


def set_back_while_down(ledger: datetime | None, recorded: datetime | None, now: datetime) -> ClockSet | None:
    """Whether the clock was set back since a linod last served the site.

    ledger    the latest moment of its newest rows.
    recorded  the latest from which the clock was set back before, as is known already.
    """
    known = now if recorded is None else max(now, recorded)
    if ledger is None or (ledger - known).total_seconds() <= NOTICED:
        return None
    return ClockSet(ledger, now, down=True)


def told(change: ClockSet, zone: ZoneInfo) -> str:
    """One line for the log."""
    now = _shown(change.now, zone)
    slept = f"The machine slept for {length(round(change.slept))}" if change.slept else ""
    if not change.step:
        return f"{slept}, until {now}"
    by, way = length(round(abs(change.step))), "forward" if change.step > 0 else "back"
    down = " while linod was down" if change.down else ""
    was_set = f"clock was set {by} {way}{down}, from {_shown(change.expected, zone)} to {now}"
    return f"{slept}; its {was_set}" if slept else f"The {was_set}"


def _shown(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%d.%m.%Y %H:%M:%S %Z}"
