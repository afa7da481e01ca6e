"""What `next_due` of a task becomes."""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from linod.recurrence.checks import INTERVALS
from linod.recurrence.days import DAY, DayRule
from linod.recurrence.rule import Recurrence
from linod.recurrence.walltime import MIDNIGHT
from linod.tasks import NOTHING_TO_PLAN, Task

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


def plan(task: Task, now: datetime, zone: "ZoneInfo") -> datetime:
    """The `next_due` of a task that has none: new, edited, enabled or interrupted.

    now      what lies before it was not missed.
    zone     the site's; the task's own goes before it.
    Returns  a moment in UTC: `now` for a repeating task that never ran and has no start_time; NOTHING_TO_PLAN when
             there is no further slot.
    Raises   BadRecurrence when the row's schedule is impossible.
    """
    rule = Recurrence.of(task)
    due = rule.first(now, zone) if rule.anchor is None else rule.next_after(now, zone)
    return due or NOTHING_TO_PLAN


def plan_after(task: Task, slot: datetime | None, end: datetime, zone: "ZoneInfo") -> datetime:
    """The `next_due` after a job: the first slot after both the last slot and the last end.

    task  as the claim left it: `events` counts the slot of this job, `anchor` is set.
    slot  the job's slot; None when the job was requested.
    end   when the job ended.
    Returns and raises as `plan`.
    """
    rule = Recurrence.of(task)
    if rule.anchor is None:  # a row that other software wrote
        rule = rule.anchored(slot or end)
    return rule.next_after(max(slot or end, end), zone) or NOTHING_TO_PLAN


def get_next_suggested_date(task: Task, moment: datetime) -> datetime | None:
    """The page's pure step: `moment` plus one interval. It knows neither anchor nor zone; the runner does not use it.

    moment   naive, local; one with a zone is stepped on its own clock.
    Returns  as `moment` is, naive or in its zone; None for a task that is not repeated.
    Days and positions hold, a calendar rule takes start_time.
    """
    rule = Recurrence.of(task)
    if rule.unit in ("never", "once"):
        return None
    if rule.unit in INTERVALS:
        return _onto_flagged_day(moment + INTERVALS[rule.unit] * rule.every, rule.weekdays)
    base: date = task.start_date if rule.unit == "easter" and task.start_date else moment.date()
    day = DayRule(rule.unit, rule.every, base, rule.weekdays, rule.positions).next(moment.date() + DAY)
    return None if day is None else datetime.combine(day, rule.start_time or moment.time(), moment.tzinfo)


def _onto_flagged_day(moment: datetime, weekdays: tuple[int, ...]) -> datetime:
    """The moment, or the midnight at which the next flagged day begins."""
    day = moment.date()
    while weekdays and day.weekday() not in weekdays:
        day += timedelta(days=1)
    return moment if day == moment.date() else datetime.combine(day, MIDNIGHT, moment.tzinfo)
