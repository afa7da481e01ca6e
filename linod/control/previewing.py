"""What will fall due: PreviewTask and GetCalendar. Both only look, and read no task that has no part in the answer.

The rules are imported when somebody asks: a start of the daemon needs none of them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from linod.control.call import Call
from linod.control.finding import Problems, one_task
from linod.control.values import JsonObject, moment
from linod.recurrence import BadRecurrence, Recurrence
from linod.tasks import Task, TaskKey, splayed

if TYPE_CHECKING:
    from linod.control.operations import Operations
    from linod.preview import Preview

MOST = 1000
"""Slots of a preview, tasks of a calendar."""

LONGEST = 24 * 31
"""Hours of a calendar."""


async def preview_task(
    ops: Operations, call: Call, *, task: str, start: str | None = None, count: int = 10
) -> JsonObject:
    from linod.preview import parse_start, preview

    now, problems = ops.clock.now(), Problems(ops)

    def look() -> JsonObject:
        found = one_task(ops.store, task)
        begin = now if start is None else parse_start(start, _zone_of(found, ops.zone))
        ahead = preview(splayed(found, ops.policy), now, ops.zone, begin, max(1, min(count, MOST)))
        return {
            "task": problems.json(found, now),
            "time_zone": ahead.zone.key,
            "notes": list(ahead.notes),
            "slots": slots_json(ahead, ahead.zone),
            "end": ahead.end or None,
        }

    return await ops.db.run(look)


async def get_calendar(
    ops: Operations, call: Call, *, start: str | None = None, hours: int = 24, limit: int = 500
) -> JsonObject:
    from linod.preview import parse_start

    now, problems, size = ops.clock.now(), Problems(ops), max(1, min(limit, MOST))
    begin = now if start is None else parse_start(start, ops.zone)
    until = begin + timedelta(hours=max(1, min(hours, LONGEST)))
    busy = [running.job for running in ops.running()]

    def look() -> JsonObject:
        found = [task for job in busy if (task := ops.store.task(TaskKey(job.kind, job.task_id))) is not None]
        known = {task.key for task in found}
        # By the index of next_due: a task whose next slot lies behind the end has none before it.
        ahead = [*ops.store.due(until, size + 1), *ops.store.unplanned(size + 1)]
        found += [task for task in ahead if task.key not in known]
        planned = [_planned(splayed(task, ops.policy), now, ops.zone, begin, until, problems) for task in found[:size]]
        return {
            "time_zone": ops.zone.key,
            "start": moment(begin),
            "until": moment(until),
            "tasks": [one for one in planned if one["count"]],
            "more": len(found) > size,
        }

    return await ops.db.run(look)


def slots_json(ahead: Preview, zone: ZoneInfo) -> list[JsonObject]:
    """Slots as JSON; `local` in a zone, with its offset."""
    return [
        {"at": moment(slot.at), "local": slot.at.astimezone(zone).isoformat(), "reasons": list(slot.reasons)}
        for slot in ahead.slots
    ]


def _planned(
    task: Task, now: datetime, zone: ZoneInfo, begin: datetime, until: datetime, problems: Problems
) -> JsonObject:
    from linod.preview import agenda
    from linod.recurrence.reasons import interval_words

    ahead = agenda(task, now, zone, begin, until)
    often = ahead.total > len(ahead.slots)
    return {
        "task": problems.json(task, now, in_list=True),
        "time_zone": ahead.zone.key,
        "notes": list(ahead.notes),
        "slots": slots_json(ahead, zone),
        "count": ahead.total,
        "interval": interval_words(Recurrence.of(task)) if often else None,
    }


def _zone_of(task: Task, zone: ZoneInfo) -> ZoneInfo:
    try:
        return Recurrence.of(task).zone or zone
    except BadRecurrence:  # the preview says so
        return zone
