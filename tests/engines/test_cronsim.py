"""Cron expressions against cronsim, whose rule for clock changes is linod's: the same instants in every zone."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from linod.recurrence import Recurrence
from linod.recurrence.checks import WEEKDAYS
from tests.unit.rows import BRUSSELS, local, task
from tests.zones.oracle import changes, zones

OF_ALL = sorted(zones())
WHOLE_HOURS = ("UTC", "Europe/Brussels", "America/New_York", "America/Havana", "Africa/Cairo", "Pacific/Auckland")
EPOCH = datetime(1980, 1, 1, tzinfo=UTC)

clocks = st.builds(time, st.integers(0, 23) | st.integers(0, 3), st.sampled_from((0, 30)) | st.integers(0, 59))
numbers = st.integers(0, 6)


@st.composite
def moments(draw: st.DrawFn, names: Any = OF_ALL, minutes: int = 3000) -> tuple[ZoneInfo, datetime]:
    """A zone, and a moment up to `minutes` before its clock changes; where it does not, any moment."""
    zone = ZoneInfo(draw(st.sampled_from(names)))
    day = draw(st.dates(date(1990, 1, 1), date(2037, 1, 1)))
    moment, _ = next(changes(zone, day), (datetime.combine(day, time(0), UTC), None))
    return zone, moment - timedelta(minutes=draw(st.integers(1, minutes)))


@st.composite
def forms(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A cron expression with fixed times, and the row that says the same."""
    clock, weekday = draw(clocks), draw(numbers)
    day, month, position = draw(st.integers(1, 28)), draw(st.integers(1, 12)), draw(st.integers(1, 5))
    flagged = {WEEKDAYS[weekday]: True}
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("* * *", {"every_unit": "daily"}),
        (f"* * {weekday + 1}", {"every_unit": "daily", **flagged}),
        (f"* * {weekday + 1}", {"every_unit": "weekly", **flagged}),
        (f"{day} * *", {"every_unit": "monthly", "start_date": date(1988, 1, day)}),
        ("L * *", {"every_unit": "monthly", "positions": "-1"}),
        (f"* * {weekday + 1}#{position}", {"every_unit": "monthly", "positions": str(position), **flagged}),
        (f"* * {weekday + 1}L", {"every_unit": "monthly", "positions": "-1", **flagged}),
        (f"{day} {month} *", {"every_unit": "yearly", "start_date": date(1988, month, day)}),
    ]
    days, columns = draw(st.sampled_from(kinds))
    return f"{clock.minute} {clock.hour} {days}", {**columns, "start_time": clock}


def by_cronsim(expression: str, zone: ZoneInfo, moment: datetime, count: int) -> list[datetime]:
    walk = CronSim(expression, moment.astimezone(zone))
    return [next(walk).astimezone(UTC) for _ in range(count)]


def by_linod(columns: dict[str, Any], zone: ZoneInfo, moment: datetime, count: int) -> list[datetime]:
    rule, found = Recurrence.of(task(**columns)), []
    for _ in range(count):
        slot = rule.next_after(moment, zone)
        assert slot is not None
        moment = slot
        found.append(slot)
    return found


@settings(max_examples=400, deadline=None)
@given(forms(), moments())
def test_fixed_times_are_the_same_instants_in_every_zone(
    form: tuple[str, dict[str, Any]], place: tuple[ZoneInfo, datetime]
) -> None:
    expression, columns = form
    assert by_linod(columns, *place, 6) == by_cronsim(expression, *place, 6)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from((1, 2, 5, 10, 15, 20, 30, 60)), moments(WHOLE_HOURS, minutes=150))
def test_an_interval_that_divides_the_hour_is_the_same_where_clocks_change_by_whole_hours(
    minutes: int, place: tuple[ZoneInfo, datetime]
) -> None:
    expression = "0 * * * *" if minutes == 60 else f"*/{minutes} * * * *"
    columns = {"every_unit": "minutely", "every": minutes, "anchor": EPOCH}
    count = 300 // minutes

    assert by_linod(columns, *place, count) == by_cronsim(expression, *place, count)


def shown(found: list[datetime], zone: ZoneInfo) -> list[str]:
    return [f"{moment.astimezone(zone):%a %d.%m.%y %H:%M}" for moment in found]


@pytest.mark.parametrize(
    ("zone", "expression", "columns", "moment", "cron", "linod"),
    [
        (
            # cron skips the months without a 31st; a monthly task runs every month.
            "Europe/Brussels", "0 4 31 * *",
            {"every_unit": "monthly", "start_date": date(2026, 1, 31), "start_time": time(4)}, "2026-01-31 12:00",
            ["Tue 31.03.26 04:00", "Sun 31.05.26 04:00"], ["Sat 28.02.26 04:00", "Tue 31.03.26 04:00"],
        ),
        (
            # cron's */5 hours begin anew at midnight: 20:00, then 00:00. linod's are five hours apart.
            "Europe/Brussels", "0 */5 * * *",
            {"every_unit": "hourly", "every": 5, "anchor": local("2026-11-24 00:00")}, "2026-11-24 16:00",
            ["Tue 24.11.26 20:00", "Wed 25.11.26 00:00"], ["Tue 24.11.26 20:00", "Wed 25.11.26 01:00"],
        ),
        (
            # A clock that changes by half an hour: cron keeps to the full hour on the wall, linod to an hour of time.
            "Australia/Lord_Howe", "0 * * * *",
            {"every_unit": "hourly", "anchor": EPOCH}, "2026-04-05 00:30",
            ["Sun 05.04.26 01:00", "Sun 05.04.26 02:00"], ["Sun 05.04.26 01:00", "Sun 05.04.26 01:30"],
        ),
        (
            # Day of the month and weekday: cron takes either, linod the day, moved on to the flagged weekday.
            "Europe/Brussels", "0 4 15 * 1",
            {"every_unit": "monthly", "start_date": date(2026, 1, 15), "start_time": time(4), "monday": True},
            "2026-11-10 12:00",
            ["Sun 15.11.26 04:00", "Mon 16.11.26 04:00"], ["Mon 16.11.26 04:00", "Mon 21.12.26 04:00"],
        ),
    ],
    ids=["short month", "five hours", "half an hour", "day or weekday"],
)  # fmt: skip
def test_deliberate_differences(
    zone: str, expression: str, columns: dict[str, Any], moment: str, cron: list[str], linod: list[str]
) -> None:
    there = ZoneInfo(zone)
    begin = local(moment, there)

    assert shown(by_cronsim(expression, there, begin, 2), there) == cron
    assert shown(by_linod(columns, there, begin, 2), there) == linod


def test_both_clock_changes_as_the_page_about_time_tells_them() -> None:
    spring, autumn = local("2026-03-28 12:00"), local("2026-10-24 12:00")

    assert shown(by_cronsim("30 2 * * *", BRUSSELS, spring, 2), BRUSSELS) == [
        "Sun 29.03.26 03:00",
        "Mon 30.03.26 02:30",
    ]
    assert shown(by_cronsim("30 2 * * *", BRUSSELS, autumn, 2), BRUSSELS) == [
        "Sun 25.10.26 02:30",
        "Mon 26.10.26 02:30",
    ]
