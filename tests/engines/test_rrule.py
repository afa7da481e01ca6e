"""The days of calendar rules against dateutil.rrule (RFC 5545), on naive dates: with zones it keeps no contract."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any

import pytest
from dateutil import rrule
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from linod.recurrence.days import DayRule
from tests.unit.rows import BRUSSELS
from tests.unit.test_recurrence_properties import CALENDAR, dates, positions, weekdays

FREQUENCIES: dict[str, Any] = {
    "daily": rrule.DAILY,
    "weekly": rrule.WEEKLY,
    "monthly": rrule.MONTHLY,
    "yearly": rrule.YEARLY,
}


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(CALENDAR), st.integers(1, 6), dates, weekdays.filter(bool), positions, st.integers(0, 400))
def test_days_by_position_and_weekday_are_those_of_rrule(
    unit: str, every: int, base: date, days: set[int], places: set[int], later: int
) -> None:
    """The differences below are not asked for: months and years without positions, and the first week."""
    places = set() if unit == "daily" else places
    assume(places or unit in ("daily", "weekly"))
    later += 7
    start = datetime.combine(base, time(0))
    engine = rrule.rrule(
        FREQUENCIES[unit], start, every, byweekday=sorted(days), bysetpos=sorted(places) or None,
        until=start + timedelta(days=later + 366 * 4),
    )  # fmt: skip
    rule = DayRule(unit, every, base, tuple(sorted(days)), tuple(sorted(places)))
    day = base + timedelta(days=later)
    expected = engine.after(datetime.combine(day, time(0)), inc=True)
    found = rule.next(day)

    if expected is not None:
        assert found == expected.date()
    else:
        assert found is None or found > day + timedelta(days=366 * 3)


MONDAY = 0


@pytest.mark.parametrize(
    ("engine", "rule", "ours", "theirs"),
    [
        (
            # A month without a 31st: RFC 5545 leaves it out, linod takes its last day.
            rrule.rrule(rrule.MONTHLY, datetime(2026, 1, 31)),
            DayRule("monthly", 1, date(2026, 1, 31)),
            ["2026-01-31", "2026-02-28", "2026-03-31"],
            ["2026-01-31", "2026-03-31", "2026-05-31"],
        ),
        (
            # Flagged days without positions: every one of the month, or the day of the month moved on to one.
            rrule.rrule(rrule.MONTHLY, datetime(2026, 11, 15), byweekday=MONDAY),
            DayRule("monthly", 1, date(2026, 11, 15), (MONDAY,)),
            ["2026-11-16", "2026-12-21", "2027-01-18"],
            ["2026-11-16", "2026-11-23", "2026-11-30"],
        ),
        (
            # The first week: rrule counts its positions from the start, linod in the whole week.
            rrule.rrule(rrule.WEEKLY, datetime(2026, 11, 25), byweekday=range(5), bysetpos=1),
            DayRule("weekly", 1, date(2026, 11, 25), tuple(range(5)), (1,)),
            ["2026-11-30", "2026-12-07", "2026-12-14"],
            ["2026-11-25", "2026-11-30", "2026-12-07"],
        ),
    ],
    ids=["short month", "flagged days of a month", "first week"],
)
def test_deliberate_differences(engine: Any, rule: DayRule, ours: list[str], theirs: list[str]) -> None:
    found: list[str] = []
    day: date | None = rule.base
    while len(found) < 3:
        assert day is not None
        day = rule.next(day)
        assert day is not None
        found.append(day.isoformat())
        day += timedelta(days=1)

    assert found == ours
    assert [f"{moment:%Y-%m-%d}" for moment in islice(engine, 3)] == theirs


def test_with_zones_rrule_gives_times_that_do_not_exist_and_one_instant_twice() -> None:
    """Why linod asks it for days only."""
    daily = rrule.rrule(rrule.DAILY, datetime(2026, 3, 28, 2, 30, tzinfo=BRUSSELS))[1]
    assert daily.astimezone(UTC).astimezone(BRUSSELS).replace(tzinfo=None) != daily.replace(tzinfo=None)

    hourly = rrule.rrule(rrule.HOURLY, datetime(2026, 3, 29, 0, 30, tzinfo=BRUSSELS))
    assert len({moment.astimezone(UTC) for moment in islice(hourly, 5)}) == 4
