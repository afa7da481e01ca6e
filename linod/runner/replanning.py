"""Planning anew what was planned by a clock that is no longer right. Runs in the database thread.

The clock was set back: what was planned from the old time may leave days without a slot. The zone of the site or the
tz database changed: the same wall times are other moments. A slot that a job has had already is not run a second time;
those of an interval are, because it is real time that counts there.
"""

from datetime import datetime

from linod.errors import LinodError
from linod.policies import policy_of
from linod.recurrence import Recurrence, plan
from linod.recurrence.checks import INTERVALS
from linod.retries import pause
from linod.runner.site import Site
from linod.store import Store
from linod.tasks import NOTHING_TO_PLAN, SYSTEM_TASK, Task, TaskKey, splayed

AT_ONCE = 200
"""Tasks that one turn plans anew, in 20 ms; the others wait for the turns after it, which claim what is due, too."""

TRIED = 100
"""Slots that are looked up in the ledger one by one; after them the one behind the last that was run is taken."""

BEGIN = TaskKey(SYSTEM_TASK, 0)
"""Before the first task."""


def replan_some(store: Store, after: TaskKey, now: datetime, site: Site) -> TaskKey | None:
    """Plan anew the next tasks that wait for a slot.

    after    the last task that was looked at; BEGIN for none.
    Returns  the same for the next call; None when there are no more.
    """
    tasks = store.tasks_after(after, AT_ONCE)
    for task in tasks:
        if task.next_due is not None and task.next_due > now and not task.disabled and _has_slot(task):
            due = _replanned(store, task, now, site)
            retry = _retry(task, now, site)
            if retry is not None and (due is None or retry < due):
                store.replan(task, retry, task.retried_job)
            elif due is not None and due != task.next_due:
                store.replan(task, due)
    if len(tasks) == AT_ONCE:
        return tasks[-1].key
    kinds = list(store.kinds)  # that of BEGIN is the first
    following = kinds[kinds.index(after.kind) + 1 :]
    return TaskKey(following[0], 0) if following else None


def not_run_yet(store: Store, task: Task, due: datetime, site: Site, *, set_back: bool = False) -> datetime:
    """The slot `due`, or else the first after it that no job has had; of an interval `due`.

    set_back  the clock was: an interval may leave out the slot that was just run, see `_of_interval`.
    Raises    BadRecurrence.
    """
    if site.seen is None or due > site.seen:
        return due
    last = store.last_run_slot(task.key)
    if last is None or last < due:
        return due
    rule = Recurrence.of(splayed(task, site.policy))
    if rule.unit in INTERVALS:
        return _of_interval(store, task, rule, due, site) if set_back else due
    for _ in range(TRIED):
        if due > last or not store.was_run(task.key, due):
            return due
        due = rule.next_after(due, site.zone) or NOTHING_TO_PLAN
    return rule.next_after(last, site.zone) or NOTHING_TO_PLAN


def _of_interval(store: Store, task: Task, rule: Recurrence, due: datetime, site: Site) -> datetime:
    """The slot `due`, or the next one when the clock was set back, by less than an interval, over a job for `due`.

    So a small step back has no job run twice, and a big one no interval pause. Only the newest job counts: another
    that had this slot may be days ago, when the clock was set forward after it and then back before it.
    """
    if store.newest_run_slot(task.key) != due:
        return due
    following = rule.next_after(due, site.zone)
    if following is None:
        return due
    if site.step_back is None:  # seen by a daemon before this one, which may have planned this task already
        return following if task.next_due == following else due
    return following if site.step_back < following - due else due


def _has_slot(task: Task) -> bool:
    """Whether its `next_due` is a slot: while a job runs it is one only where the next slot does not just pass."""
    return task.job_id is None or task.next_due != NOTHING_TO_PLAN


def _retry(task: Task, now: datetime, site: Site) -> datetime | None:
    """When a task tries a job again by this clock: no later than it would have to wait from now on."""
    if task.retried_job is None or task.next_due is None:
        return None
    return min(task.next_due, now + pause(task, task.failures, policy_of(task, site.policy)))


def _replanned(store: Store, task: Task, now: datetime, site: Site) -> datetime | None:
    """None for an impossible row: it was said when it was planned."""
    try:
        return not_run_yet(store, task, plan(splayed(task, site.policy), now, site.zone), site, set_back=True)
    except LinodError:
        return None
