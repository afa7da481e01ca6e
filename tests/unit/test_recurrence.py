"""The time contract by example. Numbers of defects are those of the original: what Lino's own runner does wrong."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from linod.recurrence import Recurrence, get_next_suggested_date, plan, plan_after
from linod.tasks import NOTHING_TO_PLAN
from tests.unit.rows import BRUSSELS, UTC_ZONE, local, task, wall

MONDAY_NIGHT = local("2026-11-23 22:44")
WORKING_DAYS = {"monday": True, "tuesday": True, "wednesday": True, "thursday": True, "friday": True}


def slots(moment: str | datetime, count: int, zone: ZoneInfo = BRUSSELS, **columns: Any) -> list[str]:
    """The next slots as the zone's clocks show them, without the year's century: "Sat 28.11.26 04:00"."""
    rule = Recurrence.of(task(**columns))
    found: list[str] = []
    after = local(moment, zone) if isinstance(moment, str) else moment
    for _ in range(count):
        slot = rule.next_after(after, zone)
        if slot is None:
            return [*found, "never"]
        after = slot
        found.append(f"{slot.astimezone(zone):%a %d.%m.%y %H:%M}")
    return found


def days_at_four(columns: dict[str, Any], count: int) -> str:
    """The next slots of a task that starts at four: "Mon 30.11.26, Thu 31.12.26"."""
    found = slots(MONDAY_NIGHT, count, start_time=time(4), **columns)
    assert all(slot.endswith(" 04:00") for slot in found if slot != "never")
    return ", ".join(slot.removesuffix(" 04:00") for slot in found)


# What starts by itself


@pytest.mark.parametrize("anchor", [None, MONDAY_NIGHT])
def test_never_does_not_start_because_it_never_ran__defect_1(anchor: datetime | None) -> None:
    assert plan(task(every_unit="never", start_time=time(4), anchor=anchor), MONDAY_NIGHT, BRUSSELS) == NOTHING_TO_PLAN


def test_once_starts_at_its_moment_and_not_before_or_after__defect_1() -> None:
    row = task(every_unit="once", start_date=date(2026, 11, 25), start_time=time(10))

    assert wall(plan(row, MONDAY_NIGHT, BRUSSELS)) == "Wed 25.11.2026 10:00:00 +0100"
    assert plan(row, local("2026-11-25 10:00"), BRUSSELS) == NOTHING_TO_PLAN
    assert plan_after(row, local("2026-11-25 10:00"), local("2026-11-25 10:01"), BRUSSELS) == NOTHING_TO_PLAN
    assert slots("2026-11-23 22:44", 2, every_unit="once", start_date=date(2026, 11, 25)) == [
        "Wed 25.11.26 00:00",
        "never",
    ]


@pytest.mark.parametrize(
    "unit", ["secondly", "minutely", "hourly", "daily", "weekly", "per_weekday", "monthly", "yearly"]
)
def test_a_repeating_task_that_never_ran_is_due_at_once(unit: str) -> None:
    assert plan(task(every_unit=unit, start_date=date(2026, 11, 23)), MONDAY_NIGHT, BRUSSELS) == MONDAY_NIGHT


@pytest.mark.parametrize(
    ("columns", "first"),
    [
        ({"start_date": date(2026, 12, 1)}, "Tue 01.12.2026 00:00:00 +0100"),
        ({"start_time": time(4)}, "Tue 24.11.2026 04:00:00 +0100"),
        ({"every_unit": "secondly", "every": 10, "start_time": time(4)}, "Mon 23.11.2026 22:44:10 +0100"),
        ({"every_unit": "hourly", "start_time": time(22, 15)}, "Mon 23.11.2026 23:15:00 +0100"),
        ({"saturday": True}, "Sat 28.11.2026 00:00:00 +0100"),
        ({"end_time": time(6)}, "Tue 24.11.2026 00:00:00 +0100"),
        ({"every_unit": "monthly", "positions": "1", "monday": True}, "Mon 07.12.2026 00:00:00 +0100"),
        ({"every_unit": "easter", "start_date": date(2026, 4, 6)}, "Mon 29.03.2027 00:00:00 +0200"),
        ({"end_date": date(2026, 11, 22)}, "Fri 31.12.9999 01:00:00 +0100"),
        ({"max_events": 3, "events": 3}, "Fri 31.12.9999 01:00:00 +0100"),
    ],
)
def test_the_first_run_waits_for_what_the_row_asks(columns: dict[str, Any], first: str) -> None:
    due = plan(task(**{"every_unit": "daily", **columns}), MONDAY_NIGHT, BRUSSELS)
    assert wall(due) == first if due != NOTHING_TO_PLAN else first.startswith("Fri 31.12.9999")


def test_after_its_first_run_a_task_goes_on_from_there() -> None:
    row = task(every_unit="daily", anchor=MONDAY_NIGHT)

    assert wall(plan_after(row, MONDAY_NIGHT, MONDAY_NIGHT, BRUSSELS)) == "Tue 24.11.2026 22:44:00 +0100"
    assert slots(MONDAY_NIGHT, 2, every_unit="daily") == ["Tue 24.11.26 22:44", "Wed 25.11.26 22:44"]  # previewed


# Calendar rules


def test_weekly_saturday_at_four_is_in_five_days_at_four__defect_7() -> None:
    row = task(every_unit="weekly", saturday=True, start_time=time(4), anchor=MONDAY_NIGHT)

    assert wall(plan_after(row, None, MONDAY_NIGHT, BRUSSELS)) == "Sat 28.11.2026 04:00:00 +0100"
    assert get_next_suggested_date(row, datetime(2026, 11, 23, 22, 44)) == datetime(2026, 11, 28, 4)


def test_start_and_end_date_and_max_events_count__defect_7() -> None:
    asked: dict[str, Any] = {
        "every_unit": "daily",
        "start_date": date(2026, 12, 1),
        "end_date": date(2026, 12, 2),
        "start_time": time(4),
    }

    assert slots(MONDAY_NIGHT, 3, **asked) == ["Tue 01.12.26 04:00", "Wed 02.12.26 04:00", "never"]
    assert slots(MONDAY_NIGHT, 1, **asked, max_events=2, events=1) == ["Tue 01.12.26 04:00"]
    assert slots(MONDAY_NIGHT, 1, **asked, max_events=2, events=2) == ["never"]


def test_every_flagged_weekday_is_a_slot_also_in_every_second_week__defect_8() -> None:
    days: dict[str, Any] = {"monday": True, "wednesday": True, "start_time": time(9)}

    assert slots(MONDAY_NIGHT, 3, every_unit="weekly", **days) == [
        "Wed 25.11.26 09:00", "Mon 30.11.26 09:00", "Wed 02.12.26 09:00",
    ]  # fmt: skip
    assert slots(MONDAY_NIGHT, 4, every_unit="weekly", every=2, start_date=date(2026, 11, 25), **days) == [
        "Wed 25.11.26 09:00", "Mon 07.12.26 09:00", "Wed 09.12.26 09:00", "Mon 21.12.26 09:00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"positions": "1"}, "Tue 01.12.26, Fri 01.01.27"),  # defect 9: the first day is the 1st
        ({"positions": "-1"}, "Mon 30.11.26, Thu 31.12.26"),
        ({"positions": "31"}, "Thu 31.12.26, Sun 31.01.27, Wed 31.03.27"),
        ({"positions": "1", "monday": True}, "Mon 07.12.26, Mon 04.01.27"),
        ({"positions": "2 -1", "tuesday": True}, "Tue 24.11.26, Tue 08.12.26, Tue 29.12.26"),
        ({"positions": "-1", **WORKING_DAYS}, "Mon 30.11.26, Thu 31.12.26, Fri 29.01.27"),
        ({"positions": "5", "monday": True}, "Mon 30.11.26, Mon 29.03.27"),
        ({"every": 12, "start_date": date(2024, 2, 1), "positions": "5", "monday": True}, "Mon 29.02.44"),
        ({"start_date": date(2026, 1, 31)}, "Mon 30.11.26, Thu 31.12.26, Sun 31.01.27, Sun 28.02.27"),
        ({"start_date": date(2026, 8, 15), **WORKING_DAYS}, "Tue 15.12.26, Fri 15.01.27, Mon 15.02.27"),
        ({"start_date": date(2026, 5, 31), **WORKING_DAYS}, "Mon 30.11.26, Thu 31.12.26, Mon 01.02.27, Mon 01.03.27"),
    ],
)
def test_days_of_a_month_come_with_their_time__defects_9_and_10(columns: dict[str, Any], expected: str) -> None:
    assert days_at_four({"every_unit": "monthly", **columns}, expected.count(",") + 1) == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"every_unit": "daily", "every": 3, "start_date": date(2026, 11, 22)}, "Wed 25.11.26, Sat 28.11.26"),
        (
            {"every_unit": "daily", **WORKING_DAYS},
            "Tue 24.11.26, Wed 25.11.26, Thu 26.11.26, Fri 27.11.26, Mon 30.11.26",
        ),
        ({"every_unit": "weekly", "start_date": date(2026, 11, 5)}, "Thu 26.11.26, Thu 03.12.26"),
        ({"every_unit": "weekly", "positions": "-1", **WORKING_DAYS}, "Fri 27.11.26, Fri 04.12.26"),
        ({"every_unit": "yearly", "start_date": date(2024, 2, 29)}, "Sun 28.02.27, Tue 29.02.28, Wed 28.02.29"),
        ({"every_unit": "yearly", "positions": "-1"}, "Thu 31.12.26, Fri 31.12.27"),
        ({"every_unit": "yearly", "positions": "366"}, "Sun 31.12.28"),
        ({"every_unit": "easter", "start_date": date(2020, 4, 13)}, "Mon 29.03.27, Mon 17.04.28"),
        ({"every_unit": "easter", "every": 2, "start_date": date(2020, 4, 10)}, "Fri 14.04.28, Fri 19.04.30"),
        ({"every_unit": "easter", "start_date": date(2020, 12, 25)}, "Fri 18.12.26, Fri 10.12.27"),
        ({"every_unit": "once", "start_date": date(2026, 11, 24), "saturday": True}, "Sat 28.11.26, never"),
    ],
)
def test_the_other_units(columns: dict[str, Any], expected: str) -> None:
    assert days_at_four(columns, expected.count(",") + 1) == expected


def test_months_clip_without_drifting__defect_12() -> None:
    row: dict[str, Any] = {"every_unit": "monthly", "start_date": date(2027, 1, 31), "start_time": time(0)}
    days = [slot[4:6] for slot in slots(MONDAY_NIGHT, 14, **row)]

    assert days == ["31", "28", "31", "30", "31", "30", "31", "31", "30", "31", "30", "31", "31", "29"]


# Intervals


def test_an_interval_is_a_grid_whatever_the_jobs_take__defect_12() -> None:
    start = datetime(2026, 11, 24, 12, tzinfo=UTC)
    row = task(every_unit="secondly", every=10, anchor=start)

    assert plan_after(row, start, start + timedelta(seconds=0.029), BRUSSELS) == start + timedelta(seconds=10)
    assert plan_after(row, start, start + timedelta(seconds=25), BRUSSELS) == start + timedelta(seconds=30)
    assert plan_after(row, None, start + timedelta(seconds=30), BRUSSELS) == start + timedelta(seconds=40)


def test_start_date_and_start_time_are_the_anchor_of_an_interval() -> None:
    row: dict[str, Any] = {
        "every_unit": "hourly",
        "every": 5,
        "start_date": date(2026, 11, 24),
        "start_time": time(0, 30),
    }

    assert slots(MONDAY_NIGHT, 3, anchor=MONDAY_NIGHT, **row) == [
        "Tue 24.11.26 00:30",
        "Tue 24.11.26 05:30",
        "Tue 24.11.26 10:30",
    ]


def test_an_interval_resumes_at_midnight_of_a_flagged_day__defect_11() -> None:
    friday = local("2026-11-20 22:44")
    row: dict[str, Any] = {"every_unit": "secondly", "every": 10, "anchor": friday, "friday": True, "monday": True}

    assert slots("2026-11-20 23:59:55", 1, **row) == ["Mon 23.11.26 00:00"]
    assert get_next_suggested_date(task(**row), datetime(2026, 11, 20, 23, 59, 55)) == datetime(2026, 11, 23)


def test_a_window_may_reach_past_midnight_and_belongs_to_the_day_it_opens_on() -> None:
    row: dict[str, Any] = {
        "every_unit": "hourly",
        "anchor": local("2026-01-01 00:00"),
        "friday": True,
        "start_time": time(22),
        "end_time": time(1),
    }

    assert slots(MONDAY_NIGHT, 5, **row) == [
        "Fri 27.11.26 22:00", "Fri 27.11.26 23:00", "Sat 28.11.26 00:00", "Sat 28.11.26 01:00", "Fri 04.12.26 22:00",
    ]  # fmt: skip
    assert slots(MONDAY_NIGHT, 5, **row, end_date=date(2026, 11, 27))[-2:] == ["Sat 28.11.26 01:00", "never"]


@pytest.mark.parametrize(("clock", "expected"), [("07:59", False), ("08:00", True), ("17:00", True), ("17:01", False)])
def test_may_start_tells_the_window(clock: str, expected: bool) -> None:
    rule = Recurrence.of(task(every_unit="daily", start_time=time(8), end_time=time(17)))

    assert rule.may_start(local(f"2026-11-23 {clock}"), BRUSSELS) is expected
    assert Recurrence.of(task(every_unit="daily", start_time=time(8))).may_start(MONDAY_NIGHT, BRUSSELS)


def test_a_first_run_outside_of_the_window_does_not_carry_the_slots_out_of_it() -> None:
    assert slots(MONDAY_NIGHT, 2, every_unit="daily", end_time=time(6), anchor=MONDAY_NIGHT) == [
        "Tue 24.11.26 00:00", "Wed 25.11.26 00:00",
    ]  # fmt: skip


# Clock changes: a skipped wall time runs at the first instant after the gap, a repeated one at the first of the two


@pytest.mark.parametrize(
    ("zone", "clock", "before", "expected"),
    [
        (
            "Europe/Brussels",
            time(2, 30),
            "2026-03-28 12:00",
            ["Sun 29.03.2026 03:00:00 +0200", "Mon 30.03.2026 02:30:00 +0200"],
        ),
        (
            "Europe/Brussels",
            time(2, 30),
            "2026-10-24 12:00",
            ["Sun 25.10.2026 02:30:00 +0200", "Mon 26.10.2026 02:30:00 +0100"],
        ),
        (
            "Africa/Cairo",
            time(0),
            "2026-04-23 12:00",
            ["Fri 24.04.2026 01:00:00 +0300", "Sat 25.04.2026 00:00:00 +0300"],
        ),
        (
            "Africa/Cairo",
            time(23, 30),
            "2026-10-28 23:59",
            ["Thu 29.10.2026 23:30:00 +0300", "Fri 30.10.2026 23:30:00 +0200"],
        ),
        (
            "America/Havana",
            time(0),
            "2024-03-09 12:00",  # a past year: what a zone will do may still change
            ["Sun 10.03.2024 01:00:00 -0400", "Mon 11.03.2024 00:00:00 -0400"],
        ),
        (
            "America/Havana",
            time(0, 30),
            "2024-11-02 12:00",
            ["Sun 03.11.2024 00:30:00 -0400", "Mon 04.11.2024 00:30:00 -0500"],
        ),
        (
            "Australia/Lord_Howe",
            time(2, 15),
            "2026-10-03 12:00",
            ["Sun 04.10.2026 02:30:00 +1100", "Mon 05.10.2026 02:15:00 +1100"],
        ),
        (
            "Australia/Lord_Howe",
            time(1, 45),
            "2026-04-04 12:00",
            ["Sun 05.04.2026 01:45:00 +1100", "Mon 06.04.2026 01:45:00 +1030"],
        ),
        (
            "Pacific/Apia",
            time(0),
            "2011-12-29 12:00",
            ["Sat 31.12.2011 00:00:00 +1400", "Sun 01.01.2012 00:00:00 +1400"],
        ),
    ],
)
def test_a_daily_time_comes_once_on_each_day__defect_13(
    zone: str, clock: time, before: str, expected: list[str]
) -> None:
    there = ZoneInfo(zone)
    rule = Recurrence.of(task(every_unit="daily", start_time=clock))
    first = rule.next_after(local(before, there), there)
    assert first is not None

    assert [wall(first, there), wall(rule.next_after(first, there), there)] == expected


def test_flags_are_about_local_days__defect_13() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")

    assert slots("2026-11-23 12:00", 1, tokyo, every_unit="daily", start_time=time(0, 30), tuesday=True) == [
        "Tue 24.11.26 00:30"
    ]


def test_an_interval_runs_in_real_time_when_the_clock_changes() -> None:
    before = local("2026-10-25 02:00")
    rule = Recurrence.of(task(every_unit="hourly", anchor=before))
    first = rule.next_after(before, BRUSSELS)
    assert first is not None

    assert wall(first) == "Sun 25.10.2026 02:00:00 +0100"
    assert wall(rule.next_after(first, BRUSSELS)) == "Sun 25.10.2026 03:00:00 +0100"


def test_a_task_may_have_a_zone_of_its_own() -> None:
    row = task(every_unit="daily", start_time=time(4), time_zone="Asia/Tokyo")

    assert plan(row, MONDAY_NIGHT, UTC_ZONE) == datetime(2026, 11, 24, 19, tzinfo=UTC)


# The page's step


@pytest.mark.parametrize(
    ("columns", "moment", "expected"),
    [
        ({"every_unit": "secondly", "every": 10}, "2025-05-16 23:59:55", "2025-05-17 00:00:05"),  # the page's own
        ({"every_unit": "minutely", "every": 5}, "2025-05-16 23:59:55", "2025-05-17 00:04:55"),
        ({"every_unit": "daily", "every": 2}, "2025-05-16 23:59:55", "2025-05-18 23:59:55"),
        ({"every_unit": "weekly"}, "2025-05-16 10:00:00", "2025-05-23 10:00:00"),
        ({"every_unit": "monthly"}, "2028-01-31 10:00:00", "2028-02-29 10:00:00"),
        ({"every_unit": "yearly"}, "2028-02-29 10:00:00", "2029-02-28 10:00:00"),
        ({"every_unit": "monthly", "positions": "1"}, "2025-05-16 10:00:00", "2025-06-01 10:00:00"),
        ({"every_unit": "easter", "start_date": date(2025, 4, 20)}, "2025-05-16 10:00:00", "2026-04-05 10:00:00"),
    ],
)
def test_get_next_suggested_date(columns: dict[str, Any], moment: str, expected: str) -> None:
    assert get_next_suggested_date(task(**columns), datetime.fromisoformat(moment)) == datetime.fromisoformat(expected)


@pytest.mark.parametrize("columns", [{"every_unit": "never"}, {"every_unit": "once", "start_date": date(2026, 1, 1)}])
def test_what_is_not_repeated_has_no_next_date(columns: dict[str, Any]) -> None:
    assert get_next_suggested_date(task(**columns), datetime(2025, 5, 16)) is None


# A clock that is set back


@pytest.mark.parametrize(
    ("unit", "first_run", "expected"),
    [
        ("daily", "2026-11-24 04:00", "Sun 22.11.26 04:00"),
        ("daily", "2026-11-23 12:00", "Tue 24.11.26 04:00"),  # on request, before it had begun
        ("hourly", "2026-11-24 04:00", "Sat 21.11.26 13:00"),
        ("hourly", "2026-11-23 12:00", "Tue 24.11.26 04:00"),
        ("weekly", "2026-11-24 04:00", "Tue 24.11.26 04:00"),
        ("once", "2026-11-24 04:00", "Tue 24.11.26 04:00"),
    ],
)
def test_a_start_date_that_was_reached_does_not_hold_a_task_back_again(
    unit: str, first_run: str, expected: str
) -> None:
    columns: dict[str, Any] = {"start_date": date(2026, 11, 24), "start_time": time(4), "anchor": local(first_run)}
    assert slots("2026-11-21 12:30", 1, every_unit=unit, **columns) == [expected]
