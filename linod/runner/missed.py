"""Slots that passed and nobody could run: what becomes of them. Runs in the database thread.

A slot is missed when it passed while linod was down, the machine slept or its clock was set forward, and when the
window of the day has closed before it could start. One that only waits for a free job slot is late, and runs.
"""

import logging
from contextlib import nullcontext
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from linod.errors import LinodError
from linod.journal import Event
from linod.policies import policy_of
from linod.recurrence import TICK, Passed, Recurrence, last_slot, passed, plan
from linod.runner.queues import Room, due_first
from linod.runner.replanning import not_run_yet
from linod.runner.site import Site
from linod.runner.words import task_fields
from linod.schedule import NO_QUEUES
from linod.store import Store
from linod.store.tasks import LONG_AGO
from linod.tasks import NOTHING_TO_PLAN, Task, label, splayed
from linod.tuples import NamedTuple

log = logging.getLogger("lino")

PUNCTUAL = timedelta(seconds=10)
"""A slot claimed so soon starts whatever the window or `missed` says: linod may have been restarted at its moment."""


AT_ONCE = 50
"""Tasks that one turn looks at when the first few of them all go to their next slot."""


class Missed(NamedTuple):
    """What is to be recorded of one task.

    slots     that get no job.
    why       in words for people.
    next_due  what the task's becomes: a slot that has passed is run at once.
    """

    slots: Passed
    why: str
    next_due: datetime


def due_now(
    store: Store, now: datetime, limit: int, site: Site, since: datetime = LONG_AGO, room: Room = NO_QUEUES
) -> list[Task]:
    """What `due_first` gives, without the tasks that may not start now; what was missed is recorded.

    A request runs whatever the window and `missed` say, so a task with one is left as it is.
    """
    decided = _decided(store, now, limit, site, since, room)
    if decided and all(missed is not None and missed.next_due > now for _, missed in decided):
        decided = _decided(store, now, AT_ONCE, site, since, room)
    ready: list[Task] = []
    with store.transaction() if any(missed for _, missed in decided) else nullcontext():
        for task, missed in decided:
            if missed is None:
                ready.append(task)
            elif len(ready) < limit and _record(store, task, missed, now, site.zone) and missed.next_due <= now:
                ready.append(task._replace(next_due=missed.next_due))
    return ready[:limit]


def _decided(
    store: Store, now: datetime, limit: int, site: Site, since: datetime, room: Room
) -> list[tuple[Task, Missed | None]]:
    due = due_first(store, now, limit, site, since, room)
    tasks = [_still_retried(store, splayed(task, site.policy), now, site) for task in due]
    return [(task, missed_by(store, task, now, site)) for task in tasks if task is not None]


def _still_retried(store: Store, task: Task, now: datetime, site: Site) -> Task | None:
    """The task as it is; without its retry when the next slot has come before that could run, or the window has closed.

    Returns  None when there is nothing to run now.
    """
    if task.retried_job is None or task.next_due is None or task.requested_at is not None:
        return task
    try:
        rule = Recurrence.of(task)
        slot = rule.next_after(task.next_due, site.zone)
        if (slot is None or slot > now) and rule.may_start(now, site.zone):
            return task
    except LinodError:  # edited by other software: the retry runs, and the end of it plans
        return task
    slot = slot or NOTHING_TO_PLAN
    if not store.replan(task, slot) or slot > now:
        return None
    return task._replace(next_due=slot, retried_job=None)


def missed_by(store: Store, task: Task, now: datetime, site: Site) -> Missed | None:
    """What a task that is due has missed; None when its `next_due` is the slot to run.

    Its policy says whether one job makes up for what passed: that is the job of the last slot.
    """
    due = task.next_due
    if due is None or task.requested_at is not None or task.retried_job is not None or now - due <= PUNCTUAL:
        return None
    absence = site.absence if site.absence is not None and due <= site.absence.until else None
    if absence is None and task.end_time is None:
        return None
    try:
        return _decide(store, task, due, now, site, absence.why if absence else None)
    except LinodError:  # other software wrote this row: it is refused when it is planned
        return None


def _decide(store: Store, task: Task, due: datetime, now: datetime, site: Site, absent: str | None) -> Missed | None:
    rule, zone = Recurrence.of(task), site.zone
    is_open = rule.may_start(now, zone)
    if rule.anchor is None and not rule.waits:  # its first run, as soon as possible: there is no slot before that
        return None if is_open else Missed(Passed(due, due, 1), _closed(task), plan(task, now, zone))
    if absent is None and is_open:
        return None
    rule = rule.anchored(rule.anchor or due)
    last = last_slot(rule, due, now, zone)
    skipped = policy_of(task, site.policy).missed == "skip" and now - last > PUNCTUAL
    if skipped or not is_open:
        why = f"{absent}; missed is skip" if is_open else _closed(task)
        return Missed(passed(rule, due, last, zone), why, _next(store, task, rule, now, site))
    if last == due:
        return None
    before = passed(rule, due, last - TICK, zone)
    if site.seen is not None and last <= site.seen and store.was_run(task.key, last):
        why = f"{absent}; the slot of {_shown(last, zone)} was run before the clock was set back"
        return Missed(before, why, _next(store, task, rule, now, site))
    return Missed(before, f"{absent}; the slot of {_shown(last, zone)} is run for all of them", last)


def _next(store: Store, task: Task, rule: Recurrence, now: datetime, site: Site) -> datetime:
    return not_run_yet(store, task, rule.next_after(now, site.zone) or NOTHING_TO_PLAN, site)


def _closed(task: Task) -> str:
    begin = f"{task.start_time:%H:%M}" if task.start_time else "00:00"
    return f"it may start from {begin} to {task.end_time:%H:%M} only"


def _record(store: Store, task: Task, missed: Missed, now: datetime, zone: ZoneInfo) -> bool:
    """False when the row has changed since it was read."""
    text = f"Missed {which(missed.slots, zone)}: {missed.why}"
    if not store.miss(task, missed.slots, missed.next_due, now, text):
        return False
    log.warning("%s: %s", label(task), text, extra={"event": Event.MISSED, "fields": task_fields(task)})
    return True


def which(slots: Passed, zone: ZoneInfo) -> str:
    """Slots in words."""
    if slots.first == slots.last:
        return f"its slot of {_shown(slots.first, zone)}"
    number = "more than 1000" if slots.number is None else slots.number
    return f"{number} slots from {_shown(slots.first, zone)} to {_shown(slots.last, zone)}"


def _shown(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%d.%m.%Y %H:%M:%S %Z}"
