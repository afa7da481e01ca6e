"""How often a task runs, in words: every unit has some, and they say all that the columns say."""

from datetime import date, time
from typing import Any

import pytest

from linod.recurrence import Recurrence
from linod.recurrence.checks import UNITS
from linod.recurrence.when import when
from tests.unit.rows import task

NOVEMBER: dict[str, Any] = {"start_date": date(2026, 11, 24)}
WORKING: dict[str, Any] = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), True)


@pytest.mark.parametrize(
    ("unit", "columns", "expected"),
    [
        ("never", {}, "Never"),
        ("once", NOVEMBER, "On Tuesday, 24 November 2026"),
        ("once", {**NOVEMBER, "friday": True}, "Once starting on 24.11.2026 (only Friday)"),
        (
            "once",
            {**NOVEMBER, "end_date": date(2026, 12, 1), "friday": True},
            "Once from 24.11.2026 to 01.12.2026 (only Friday)",
        ),
        ("secondly", {"every": 10}, "Every 10 seconds"),
        ("secondly", {}, "Every second"),
        ("minutely", {"every": 5, "sunday": True}, "Every 5 minutes (only Sunday)"),
        ("hourly", {}, "Every hour"),
        ("hourly", {"start_time": time(8), "end_time": time(18)}, "Every hour from 08:00 to 18:00"),
        ("daily", {}, "Every day"),
        ("daily", {"start_time": time(4)}, "Every day"),
        ("daily", {"every": 2}, "Every second day"),
        ("daily", {"every": 3}, "Every third day"),
        ("daily", {"every": 22}, "Every 22nd day"),
        ("daily", WORKING, "Every working day"),
        ("daily", {"every": 2, **WORKING}, "Every second day (only Monday, Tuesday, Wednesday, Thursday and Friday)"),
        ("weekly", {}, "Every week"),
        ("weekly", {"every": 3}, "Every 3 weeks"),
        ("weekly", {"saturday": True}, "Every Saturday"),
        ("weekly", {"every": 2, "sunday": True}, "Every second Sunday"),
        ("weekly", {"monday": True, "wednesday": True}, "Every Monday and Wednesday"),
        ("weekly", {"every": 3, "monday": True, "wednesday": True}, "Every 3 weeks on Monday and Wednesday"),
        ("weekly", WORKING, "Every working day"),
        ("weekly", {"every": 2, **WORKING}, "Every 2 weeks on each working day"),
        ("per_weekday", {"monday": True}, "Every Monday"),
        ("monthly", {}, "Every month"),
        ("monthly", {"every": 3}, "Every 3 months"),
        ("monthly", {"positions": "1", "monday": True}, "Every first Monday of the month"),
        (
            "monthly",
            {"positions": "-1 3 1", "tuesday": True, "thursday": True},
            "Every first, third and last Tuesday or Thursday of the month",
        ),
        ("monthly", {"positions": "1"}, "Every first day of the month"),
        ("monthly", {"positions": "-2", **WORKING}, "Every second last working day of the month"),
        ("monthly", {"every": 3, "positions": "1", "monday": True}, "Every 3 months on the first Monday"),
        ("yearly", {}, "Every year"),
        ("yearly", {"every": 3}, "Every 3 years"),
        ("yearly", {"positions": "112"}, "Every 112th day of the year"),
        ("easter", NOVEMBER, "Every year (with Easter)"),
        ("easter", {**NOVEMBER, "every": 2}, "Every 2 years (with Easter)"),
        ("daily", {"every": 0}, "Not specified"),
        ("once", {}, "Not specified"),
        ("fortnightly", {}, "Not specified"),
    ],
)
def test_when(unit: str, columns: dict[str, Any], expected: str) -> None:
    assert when(task(every_unit=unit, **columns)) == expected


def test_every_unit_has_words() -> None:
    for unit in UNITS:
        row = task(every_unit=unit, **NOVEMBER)
        assert Recurrence.of(row)
        assert when(row) != "Not specified"
