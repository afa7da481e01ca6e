"""Schedules that no moment can fulfil: refused with column and reason, never a crash of the loop (defect 6)."""

from datetime import date, time
from typing import Any

import pytest

from linod.errors import LinodError
from linod.recurrence import BadRecurrence, Recurrence, plan
from linod.tasks import NOTHING_TO_PLAN
from tests.unit.rows import BRUSSELS, NOON, task

FEBRUARY = date(2025, 2, 1)


@pytest.mark.parametrize(
    ("columns", "column", "reason"),
    [
        ({"every_unit": "fortnightly"}, "every_unit", "unknown unit 'fortnightly'; known are never, once, secondly,"),
        ({"every_unit": "secondly", "every": 0}, "every", "must be 1 or more, not 0"),
        ({"every_unit": "daily", "every": -1}, "every", "must be 1 or more"),
        ({"every_unit": "yearly", "every": 10**9}, "every", "more than 100 years"),
        ({"every_unit": "secondly", "every": 10**12}, "every", "more than 100 years"),
        ({"every_unit": "once"}, "start_date", "once needs its day"),
        ({"every_unit": "easter"}, "start_date", "whose distance from Easter it keeps"),
        ({"every_unit": "easter", "start_date": date(5000, 1, 1)}, "start_date", "up to the year 4099"),
        ({"every_unit": "easter", "start_date": date(2026, 4, 6), "friday": True}, "monday", "always a Monday"),
        ({"every_unit": "daily", "start_date": date(1, 1, 1)}, "start_date", "not from 1900"),
        (
            {"every_unit": "daily", "start_date": date(2026, 2, 1), "end_date": date(2026, 1, 1)},
            "end_date",
            "before start_date",
        ),
        ({"every_unit": "daily", "every": 14, "start_date": date(2026, 2, 1), "monday": True}, "every", "is a Sunday"),
        ({"every_unit": "daily", "max_events": -1}, "max_events", "below 0"),
        ({"every_unit": "hourly", "start_time": time(4), "end_time": time(4)}, "end_time", "has no length"),
        ({"every_unit": "once", "start_date": FEBRUARY, "end_time": time(4)}, "end_time", "no daily window"),
        ({"every_unit": "monthly", "positions": "first"}, "positions", "not a list of whole numbers"),
        ({"every_unit": "monthly", "positions": "1 0"}, "positions", "0 is no position"),
        ({"every_unit": "monthly", "positions": "32"}, "positions", "no month has so many days"),
        (
            {"every_unit": "monthly", "positions": "-6", "monday": True},
            "positions",
            "no month has so many days of Monday",
        ),
        ({"every_unit": "monthly", "positions": "10", "monday": True, "thursday": True}, "positions", "never comes"),
        ({"every_unit": "weekly", "positions": "2", "monday": True}, "positions", "no week has so many"),
        ({"every_unit": "monthly", "every": 12, "start_date": FEBRUARY, "positions": "30"}, "positions", "never comes"),
        (
            {"every_unit": "yearly", "every": 4, "start_date": FEBRUARY, "positions": "366"},
            "positions",
            "none of the years",
        ),
        ({"every_unit": "secondly", "positions": "1"}, "positions", "secondly has none"),
        ({"every_unit": "daily", "time_zone": "Europe/Brusels"}, "time_zone", "did you mean 'Europe/Brussels'?"),
        ({"every_unit": "daily", "time_zone": "Europe"}, "time_zone", "unknown time zone"),
    ],
)
def test_an_impossible_row_is_refused_with_column_and_reason(columns: dict[str, Any], column: str, reason: str) -> None:
    with pytest.raises(BadRecurrence) as refused:
        plan(task(**columns), NOON, BRUSSELS)

    assert refused.value.column == column
    assert reason in refused.value.reason
    assert str(refused.value).startswith(f"{column}: ")
    assert isinstance(refused.value, LinodError)


def test_never_is_possible_whatever_the_other_columns_were_left_at() -> None:
    row = task(every_unit="never", every=0, end_date=date(2000, 1, 1), start_date=date(2001, 1, 1), positions="40")

    assert plan(row, NOON, BRUSSELS) == NOTHING_TO_PLAN


def test_an_interval_that_steps_over_every_window_is_refused_and_does_not_search_for_ever() -> None:
    row = task(every_unit="hourly", every=24, anchor=NOON, start_time=time(3), end_time=time(4), time_zone="UTC")

    with pytest.raises(BadRecurrence, match="steps over"):
        Recurrence.of(row).next_after(NOON, BRUSSELS)


def test_a_slot_that_is_not_later_breaks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The breaker: a mistake in a rule becomes the error of one task, not a loop that claims it for ever."""
    monkeypatch.setattr(Recurrence, "_next", lambda self, moment, zone: moment)

    with pytest.raises(BadRecurrence, match="please report"):
        Recurrence.of(task(every_unit="daily")).next_after(NOON, BRUSSELS)
