"""What two looks at the clocks tell, and the line about it."""

from datetime import datetime, timedelta

import pytest

from linod.clock import SystemClock
from linod.runner.clockset import ClockSet, Reading, compare, read, told
from tests.unit.rows import BRUSSELS, NOON, UTC_ZONE

FIRST = Reading(NOON, 1000.0, 5000.0)


def later(wall: float, monotonic: float, boottime: float) -> Reading:
    return Reading(NOON + timedelta(seconds=wall), 1000.0 + monotonic, 5000.0 + boottime)


@pytest.mark.parametrize(
    "second", [later(5, 5, 5), later(3600, 3600, 3600), later(6.5, 5, 5), later(3.5, 5, 5), later(6.5, 5, 6.5)]
)
def test_time_that_goes_by_is_no_event(second: Reading) -> None:
    assert compare(FIRST, second) is None


@pytest.mark.parametrize(
    ("second", "step", "slept", "line"),
    [
        (
            later(259205, 5, 5),
            259200,
            0,
            "The clock was set 3 days forward, from 24.11.2026 13:00:05 CET to 27.11.2026 13:00:05 CET",
        ),
        (
            later(-595, 5, 5),
            -600,
            0,
            "The clock was set 10 minutes back, from 24.11.2026 13:00:05 CET to 24.11.2026 12:50:05 CET",
        ),
        (later(3605, 5, 3605), 0, 3600, "The machine slept for an hour, until 24.11.2026 14:00:05 CET"),
        (
            later(3600, 5, 3605),
            -5,
            3600,
            "The machine slept for an hour; its clock was set 5 seconds back,"
            " from 24.11.2026 14:00:05 CET to 24.11.2026 14:00:00 CET",
        ),
    ],
)
def test_what_happened_is_told(second: Reading, step: float, slept: float, line: str) -> None:
    found = compare(FIRST, second)
    assert found is not None
    assert (found.step, found.slept, found.now) == (step, slept, second.wall)
    assert told(found, BRUSSELS) == line


def test_what_happened_while_linod_was_down_is_told_so() -> None:
    found = ClockSet(NOON, NOON - timedelta(days=400), down=True)
    assert told(found, UTC_ZONE) == (
        "The clock was set 1 year, 1 month back while linod was down,"
        " from 24.11.2026 12:00:00 UTC to 20.10.2025 12:00:00 UTC"
    )


class Frozen(SystemClock):
    """Its process is stopped for a minute while it reads the clocks for the first time."""

    def __init__(self) -> None:
        self.reads = 0

    def monotonic(self) -> float:
        self.reads += 1
        return super().monotonic() + 60 * (self.reads > 1)

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=60 * (self.reads > 1))


def test_a_process_that_was_stopped_between_two_clocks_reads_them_again() -> None:
    clock = Frozen()
    reading = read(clock)
    assert clock.reads == 4  # two each time: before the others, and after them
    assert read(clock).monotonic - reading.monotonic < 60
