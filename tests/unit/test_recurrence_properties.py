"""What holds for every rule, zone and moment."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from linod.recurrence import BadRecurrence, Recurrence, plan, plan_after
from linod.recurrence.checks import WEEKDAYS
from linod.recurrence.days import DayRule
from linod.recurrence.stride import first_meeting
from linod.tasks import NOTHING_TO_PLAN
from tests.unit.rows import task

ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC", "Europe/Brussels", "Africa/Cairo", "Australia/Lord_Howe", "America/Havana", "America/St_Johns",
        "Pacific/Apia", "Asia/Beirut", "Atlantic/Azores", "America/Santiago", "America/Scoresbysund", "Asia/Kathmandu",
    )
]  # fmt: skip
INTERVALS = ["secondly", "minutely", "hourly"]
CALENDAR = ["daily", "weekly", "monthly", "yearly"]
STEPS = {"secondly": timedelta(seconds=1), "minutely": timedelta(minutes=1), "hourly": timedelta(hours=1)}

moments = st.datetimes(datetime(1990, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC))
dates = st.dates(date(1990, 1, 1), date(2037, 12, 31))
clocks = st.times().map(lambda clock: clock.replace(microsecond=0, second=0))
zones = st.sampled_from(ZONES)
weekdays = st.sets(st.integers(0, 6), max_size=4)
positions = st.sets(st.integers(-5, 5).filter(bool), max_size=2)


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """Columns of a repeating task; some combinations are impossible."""
    unit = draw(st.sampled_from([*INTERVALS, *CALENDAR, "easter"]))
    columns: dict[str, Any] = {
        "every_unit": unit,
        "every": draw(st.integers(1, 400 if unit in INTERVALS else 15)),
        "start_date": draw(dates if unit == "easter" else st.none() | dates),
        "start_time": draw(st.none() | clocks),
        "anchor": draw(st.none() | moments),
        **dict.fromkeys((WEEKDAYS[number] for number in draw(weekdays)), True),
    }
    if unit in ("weekly", "monthly", "yearly"):
        columns["positions"] = " ".join(map(str, draw(positions)))
    if unit in INTERVALS or columns["start_time"] is None:
        columns["end_time"] = draw(st.none() | clocks)
    return columns


def rule_of(columns: dict[str, Any]) -> Recurrence:
    try:
        return Recurrence.of(task(**columns))
    except BadRecurrence:
        assume(False)
        raise


def next_after(rule: Recurrence, moment: datetime, zone: ZoneInfo) -> datetime | None:
    try:
        return rule.next_after(moment, zone)
    except BadRecurrence as error:
        assert "steps over" in error.reason  # the only one that cannot be seen before
        assume(False)
        raise


def has_begun(rule: Recurrence, zone: ZoneInfo) -> bool:
    """Whether start_date was reached by the first run; then a moment before it is one of a clock that was set back."""
    return (
        rule.start_date is not None
        and rule.anchor is not None
        and rule.anchor.astimezone(zone).date() >= rule.start_date
    )


@settings(max_examples=400, deadline=None)
@given(rows(), moments, zones)
def test_a_slot_is_later_on_an_allowed_day_in_the_window_and_the_same_when_asked_again(
    columns: dict[str, Any], moment: datetime, zone: ZoneInfo
) -> None:
    rule = rule_of(columns)
    slot = next_after(rule, moment, zone)
    if slot is None:
        return
    assert slot > moment
    assert slot.tzinfo is UTC
    assert next_after(rule, moment, zone) == slot
    if rule.start_date is not None and not has_begun(rule, zone):
        assert slot.astimezone(zone).date() >= rule.start_date
    if columns["every_unit"] in INTERVALS or rule.start_time is not None or rule.anchor is None:
        assert rule.may_start(slot, zone)
    if rule.weekdays and rule.end_time is None and slot.astimezone(zone).time() >= time(2):  # not moved over midnight
        assert slot.astimezone(zone).weekday() in rule.weekdays


@settings(max_examples=200, deadline=None)
@given(rows(), moments, zones, st.floats(0, 1))
def test_no_slot_is_between_a_moment_and_the_slot_after_it(
    columns: dict[str, Any], moment: datetime, zone: ZoneInfo, part: float
) -> None:
    """Asking from anywhere before a slot gives that slot: a preview is a promise, whenever it is asked."""
    rule = rule_of(columns)
    assume(rule.anchor is not None and (rule.start_date is not None or columns["every_unit"] in INTERVALS))
    slot = next_after(rule, moment, zone)
    assume(slot is not None)
    assert slot is not None

    between = moment + (slot - moment - timedelta(microseconds=1)) * part
    assert next_after(rule, between, zone) == slot


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(INTERVALS), st.integers(1, 5000), moments, moments, zones)
def test_an_interval_stays_on_its_grid(
    unit: str, every: int, anchor: datetime, moment: datetime, zone: ZoneInfo
) -> None:
    step = STEPS[unit] * every
    slot = Recurrence.of(task(every_unit=unit, every=every, anchor=anchor)).next_after(moment, zone)
    assert slot is not None

    assert (slot - anchor) % step == timedelta(0)
    assert timedelta(0) < slot - moment <= step


@settings(max_examples=150, deadline=None)
@example(date(2011, 12, 1), time(0, 0), ZoneInfo("Pacific/Apia"))
@example(date(2011, 12, 1), time(0, 1), ZoneInfo("Pacific/Apia"))
@given(dates, clocks, zones)
def test_a_daily_time_has_one_slot_for_each_date(day: date, clock: time, zone: ZoneInfo) -> None:
    """Forty days from any date: as many slots as dates. The one of a date that a zone left out (Apia, 30.12.2011) is at
    the first instant after it, and there one with the slot of 00:00."""
    rule = Recurrence.of(task(every_unit="daily", start_date=day, start_time=clock))
    end = datetime.combine(day + timedelta(days=40), time(0), zone).astimezone(UTC)
    moment, found = datetime.combine(day - timedelta(days=2), time(0), UTC), 0
    while (slot := rule.next_after(moment, zone)) is not None and slot < end:
        moment, found = slot, found + 1

    apia = zone.key == "Pacific/Apia" and day <= date(2011, 12, 30) < day + timedelta(days=40)
    assert found == 40 - (apia and clock == time(0))
    wall = (moment.astimezone(zone).replace(tzinfo=None) - datetime.combine(day, clock)) % timedelta(days=1)
    assert wall <= timedelta(hours=1)  # at the time, or moved to the end of a gap


@settings(max_examples=200, deadline=None)
@given(rows(), moments, zones, st.integers(0, 100_000))
def test_a_plan_is_never_in_the_past(columns: dict[str, Any], now: datetime, zone: ZoneInfo, seconds: int) -> None:
    rule_of(columns)
    row = task(**columns)
    try:
        due = plan(row, now, zone)
        after = (
            NOTHING_TO_PLAN if due == NOTHING_TO_PLAN else plan_after(row, due, due + timedelta(seconds=seconds), zone)
        )
    except BadRecurrence as error:
        assert "steps over" in error.reason
        return
    assert due >= now
    assert after == NOTHING_TO_PLAN or after > due + timedelta(seconds=seconds)


def test_months_do_not_drift_over_four_hundred_years() -> None:
    rule, day = DayRule("monthly", 1, date(2000, 1, 31)), date(2000, 1, 1)
    for _ in range(4800):
        found = rule.next(day)
        assert found is not None
        day = found + timedelta(days=1)
        assert day.day == 1  # each slot was a last day

    assert day == date(2400, 1, 1)


@settings(max_examples=150, deadline=None)
@given(st.integers(61, 4000), clocks, st.integers(1, 300), weekdays, moments, moments, zones)
@example(  # met only in summer time, and Egypt had none for years
    every=707,
    begin=time(22, 57),
    width=1,
    days={0, 1, 3, 5},
    anchor=datetime(2023, 11, 15, 13, 1, tzinfo=UTC),
    moment=datetime(2011, 9, 1, tzinfo=UTC),
    zone=ZoneInfo("Africa/Cairo"),
)
def test_a_look_by_the_offset_alone_steps_over_no_window_that_is_met(
    every: int, begin: time, width: int, days: set[int], anchor: datetime, moment: datetime, zone: ZoneInfo
) -> None:
    """The shortcut for long intervals and short windows, against the windows themselves, on both sides of changes."""
    end = (datetime.combine(date(2026, 1, 1), begin) + timedelta(minutes=width)).time()
    columns: dict[str, Any] = dict.fromkeys((WEEKDAYS[number] for number in days), True)
    columns |= {"every_unit": "minutely", "every": every, "start_time": begin, "end_time": end, "anchor": anchor}
    rule, plodding = rule_of(columns), Plodding.of(task(**columns))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("linod.recurrence.rule.WINDOWS", 5000)  # an interval of 4000 minutes may step over as many
        for _ in range(5):
            slot = next_after(rule, moment, zone)
            assert slot is not None
            try:
                assert slot == plodding.next_after(moment, zone)
            except BadRecurrence:  # it gives up after so many windows, which one step of the shortcut may lie across
                assert slot - moment > timedelta(days=4999)
            moment = slot


class Plodding(Recurrence):
    """Looks into every window."""

    def _days_stepped_over(self, day: date, origin: datetime, width: timedelta, zone: ZoneInfo) -> int:
        return 0


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_the_first_window_that_a_grid_meets_is_computed_as_it_is_counted(data: st.DataObject) -> None:
    step = data.draw(st.integers(2, 400))
    width, phase = data.draw(st.integers(0, step - 1)), data.draw(st.integers(-1000, 1000))
    stride = data.draw(st.integers(1, 500))
    counted = next((k for k in range(step) if (phase - k * stride) % step <= width), None)
    assert first_meeting(phase, stride, step, width) == counted
