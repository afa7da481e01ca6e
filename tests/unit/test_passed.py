"""The slots between two moments, found without a walk: the same as a walk finds."""

from datetime import datetime, time, timedelta
from itertools import islice
from typing import Any

import pytest

from linod.recurrence import Recurrence, last_slot, passed
from linod.recurrence.passed import COUNTED
from tests.unit.rows import BRUSSELS, local, task

ANCHOR = local("2026-01-31 09:30")
WEEKEND = {"saturday": True, "sunday": True}

RULES: list[dict[str, Any]] = [
    {"every_unit": "secondly", "every": 7},
    {"every_unit": "minutely", "every": 17, "start_time": time(22), "end_time": time(1, 30)},
    {"every_unit": "hourly", "every": 5, **WEEKEND},
    {"every_unit": "daily", "every": 3, "start_time": time(2, 30)},
    {"every_unit": "weekly", "every": 2, "monday": True, "friday": True},
    {"every_unit": "monthly", "positions": "-1", **WEEKEND},
    {"every_unit": "yearly"},
]


def walk(rule: Recurrence, first: datetime, until: datetime) -> list[datetime]:
    found = [first]
    while (slot := rule.next_after(found[-1], BRUSSELS)) is not None and slot <= until:
        found.append(slot)
    return found


@pytest.mark.parametrize("columns", RULES, ids=lambda columns: str(columns["every_unit"]))
def test_what_passed_is_what_a_walk_finds(columns: dict[str, Any]) -> None:
    rule = Recurrence.of(task(anchor=ANCHOR, **columns))
    first = rule.next_after(local("2026-03-20 00:00"), BRUSSELS)
    assert first is not None
    slots = walk(rule, first, first + timedelta(days=10))
    for number, slot in islice(enumerate(slots), 0, None, max(1, len(slots) // 50)):
        for until in (slot, slot + timedelta(milliseconds=1)):
            assert passed(rule, first, until, BRUSSELS) == (first, slot, number + 1)


def test_the_end_of_a_schedule_is_the_last_slot() -> None:
    rule = Recurrence.of(task(every_unit="daily", start_time=time(4), end_date=ANCHOR.date(), anchor=ANCHOR))
    first = local("2026-01-29 04:00")
    assert passed(rule, first, local("2028-01-01 00:00"), BRUSSELS) == (first, local("2026-01-31 04:00"), 3)


def test_counting_is_given_up_and_finding_is_not() -> None:
    rule = Recurrence.of(task(every_unit="daily", anchor=ANCHOR))
    year_2100 = local("2100-01-01 12:00")
    first, last, number = passed(rule, ANCHOR, year_2100, BRUSSELS)
    assert (first, last, number) == (ANCHOR, local("2100-01-01 09:30"), None)
    assert passed(rule, ANCHOR, ANCHOR + timedelta(days=COUNTED - 1), BRUSSELS).number == COUNTED
    often = Recurrence.of(task(every_unit="secondly", anchor=ANCHOR))
    assert passed(often, ANCHOR, year_2100, BRUSSELS).number == (year_2100 - ANCHOR).total_seconds() + 1
    assert last_slot(often, ANCHOR, year_2100, BRUSSELS) == year_2100
