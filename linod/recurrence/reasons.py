"""What is unusual about a slot, and why there is no further one: in words for people. Pure."""

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from linod.recurrence.checks import INTERVALS, WEEKDAYS
from linod.recurrence.days import DAY, LAST_EASTER, LAST_YEAR, DayRule, month_length
from linod.recurrence.rule import TICK, Recurrence
from linod.recurrence.walltime import Reading, instant, local_date, reading

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


def reasons(rule: Recurrence, slot: datetime, zone: "ZoneInfo") -> tuple[str, ...]:
    """Why a slot is not where the columns alone would put it; empty for most.

    rule  after its first run: what a first run waits for is no part of it.
    zone  the site's; the task's own goes before it.
    """
    there = rule.zone or zone
    rule = rule._replace(spent=False)  # it is about a slot there is
    found = _of_interval if rule.unit in INTERVALS else _of_calendar
    return tuple(found(rule, slot, there))


def why_no_more(rule: Recurrence, zone: "ZoneInfo", *, had_slots: bool) -> str:
    """Why a rule has no slot any more.

    had_slots  whether some were just shown.
    """
    if rule.unit == "never":
        return "never: it runs on request only"
    if rule.spent:
        return "max_events reached"
    if rule.unit == "once" and rule.start_date is not None and not had_slots:
        return f"once: {rule.start_date} {shown(rule.time_of_day(rule.zone or zone))} has passed"
    if rule.unit == "once":
        return "once: there is no other"
    if rule.end_date is not None:
        return f"end_date {rule.end_date} reached"
    last = LAST_EASTER if rule.unit == "easter" else LAST_YEAR
    return f"no such day comes before the end of the year {last}"


def shown(clock: time) -> str:
    """A time of the day, without seconds when there are none."""
    return f"{clock:%H:%M:%S}" if clock.second or clock.microsecond else f"{clock:%H:%M}"


def _of_interval(rule: Recurrence, slot: datetime, zone: "ZoneInfo") -> Iterator[str]:
    wall = slot.astimezone(zone)
    clock = wall.time().replace(fold=0)
    if reading(wall.date(), clock, zone) is Reading.REPEATED:
        yield f"clock goes back: the {'second' if wall.fold else 'first'} {shown(clock)}"
    previous = slot - rule.step
    began = rule.anchor if rule.start_date is None or rule.start_time is None else rule.origin(slot, zone)
    if began is None or previous < began or rule.next_after(previous - TICK, zone) == previous:
        return
    if not rule.may_start(previous, zone):
        yield f"outside the window until {shown(rule.opening)}"
    elif rule.weekdays:
        yield f"{_name(local_date(previous, zone).weekday())} is not flagged"


def _of_calendar(rule: Recurrence, slot: datetime, zone: "ZoneInfo") -> Iterator[str]:
    slot -= rule.shift
    days, clock = rule.day_rule(slot, zone), rule.time_of_day(zone)
    day = _day_of(days, slot, clock, zone)
    if day is None:  # a slot that was planned before an edit
        return
    said = reading(day, clock, zone)
    if said is Reading.SKIPPED:
        where = "" if day == local_date(slot, zone) else f"{day} "
        yield f"clock goes forward: {where}{shown(clock)} does not exist"
    if said is Reading.REPEATED:
        yield f"clock goes back: the first {shown(clock)}"
    if days.unit in ("monthly", "yearly") and not days.positions:
        yield from _of_moved(days, day)


def _day_of(days: DayRule, slot: datetime, clock: time, zone: "ZoneInfo") -> date | None:
    """The day of the rule that a slot belongs to: its own, or the one before, out of a gap over midnight."""
    own = local_date(slot, zone)
    near = (own, own - DAY)
    return next((day for day in near if instant(day, clock, zone) == slot and days.next(day) == day), None)


def _of_moved(days: DayRule, day: date) -> Iterator[str]:
    """A day of the month that a short month has not, or that is not flagged."""
    wanted = days.base.day
    month = day if day.day >= min(wanted, month_length(day.year, day.month)) else day.replace(day=1) - DAY
    length = month_length(month.year, month.month)
    if wanted > length:
        yield f"month has no {ordinal(wanted)}"
    nominal = month.replace(day=min(wanted, length))
    if nominal != day:
        yield f"the {ordinal(nominal.day)} is a {_name(nominal.weekday())}, which is not flagged"


def _name(weekday: int) -> str:
    return WEEKDAYS[weekday].capitalize()


def ordinal(number: int) -> str:
    """A number of an order: "1st", "22nd", "113th"."""
    ending = "th" if 11 <= number % 100 <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def interval_words(rule: Recurrence) -> str:
    """The length of an interval: "10 seconds", "5 minutes", "hour"."""
    unit = rule.unit.removesuffix("ly")
    return unit if rule.every == 1 else f"{rule.every} {unit}s"
