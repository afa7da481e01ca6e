"""Splay: the slots of a task are later than its schedule says, always by the same time."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from linod.preview import preview
from linod.recurrence import Recurrence, plan, plan_after
from linod.tasks import SYSTEM_TASK, Task

UTC_ZONE = ZoneInfo("UTC")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAILY: Any = {"every_unit": "daily", "start_date": date(2026, 1, 1), "start_time": time(4)}


def task(number: int = 1, **columns: Any) -> Task:
    return Task(SYSTEM_TASK, number, number, "a", "a", **columns)


def slots(one: Task, count: int, after: datetime = NOON) -> list[datetime]:
    rule, found = Recurrence.of(one), []
    for _ in range(count):
        slot = rule.next_after(after, UTC_ZONE)
        assert slot is not None
        found.append(slot)
        after = slot
    return found


def test_each_slot_is_later_by_the_same_time_and_less_than_splay() -> None:
    for number in range(1, 50):
        plain, late = slots(task(number, **DAILY), 5), slots(task(number, splay=3600, **DAILY), 5)
        (shift,) = {b - a for a, b in zip(plain, late, strict=True)}
        assert timedelta() <= shift < timedelta(hours=1)
        assert slots(task(number, splay=3600, **DAILY), 5) == late


def test_five_hundred_daily_tasks_do_not_start_in_one_second() -> None:
    seconds = Counter(slots(task(number, splay=3600, **DAILY), 1)[0] for number in range(1, 501))
    assert max(seconds.values()) == 1
    minutes = Counter(moment.minute for moment in seconds)
    assert max(minutes.values()) <= 10 and len(minutes) == 60


@pytest.mark.parametrize("unit", ["secondly", "minutely", "hourly"])
def test_an_interval_keeps_its_length_and_its_window(unit: str) -> None:
    columns: Any = {"every_unit": unit, "every": 7, "start_time": time(8), "end_time": time(20), "splay": 90_000}
    for number in range(1, 20):
        one = task(number, start_date=date(2026, 1, 1), **columns)
        rule, found = Recurrence.of(one), slots(one, 40)
        assert rule.shift < rule.step
        assert all(rule.may_start(slot, UTC_ZONE) for slot in found)
        lengths = {b - a for a, b in pairwise(found)}
        assert rule.step in lengths or unit == "hourly"


def test_the_slot_of_a_day_stays_in_its_window() -> None:
    for number in range(1, 40):
        for start in (time(4), None):
            one = task(number, every_unit="daily", start_time=start, end_time=time(4, 10), splay=7200, anchor=NOON)
            assert all(Recurrence.of(one).may_start(slot, UTC_ZONE) for slot in slots(one, 3))


def test_the_first_run_as_soon_as_possible_is_not_put_off_and_the_grid_does_not_drift() -> None:
    one = task(7, every_unit="hourly", splay=1800)
    assert plan(one, NOON, UTC_ZONE) == NOON
    rule = Recurrence.of(one).anchored(NOON)
    assert rule.shift > timedelta()
    assert rule.next_after(NOON, UTC_ZONE) == NOON + rule.shift


def test_a_first_run_at_its_start_time_does_not_move_the_grid() -> None:
    one = task(7, every_unit="hourly", start_time=time(13), splay=1800)
    rule = Recurrence.of(one)
    first = rule.next_after(NOON, UTC_ZONE)
    assert first == NOON + timedelta(hours=1) + rule.shift
    ran = one._replace(anchor=rule.anchored(first).anchor, events=1)
    assert plan_after(ran, first, first, UTC_ZONE) == first + timedelta(hours=1)


def test_a_preview_says_why_its_slots_are_later() -> None:
    one = task(3, splay=3600, **DAILY)
    ahead = preview(one, NOON, UTC_ZONE, NOON, 2)
    assert [slot.at for slot in ahead.slots] == slots(one, 2)
    (note,) = ahead.notes
    assert note.startswith("splay 1h: its slots are ") and note.endswith(" later than its schedule says")
