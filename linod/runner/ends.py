"""The end of a job in its task's row: the next slot, those that passed while it ran, a retry.

Runs in the database thread."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from linod.afterwards import Follows, what_follows
from linod.errors import LinodError
from linod.jobs import Job, State
from linod.policies import policy_of
from linod.recurrence import TICK, Passed, Recurrence, last_slot, passed, plan
from linod.runner.clockset import NOTICED
from linod.runner.missed import which
from linod.runner.replanning import not_run_yet
from linod.runner.site import Site
from linod.store import Store
from linod.tasks import NOTHING_TO_PLAN, Task, TaskKey, splayed
from linod.tuples import NamedTuple

if TYPE_CHECKING:
    from linod.runner.turn import Ended

GONE = Follows(NOTHING_TO_PLAN, False, False, 0)
"""What follows in a task that was removed while its job ran."""


class Slots(NamedTuple):
    """What became of a task's slots while a job of it ran.

    next     the one to run next, which may have come already; NOTHING_TO_PLAN when there is none.
    skipped  those that passed and get no job.
    """

    next: datetime
    skipped: Passed | None = None


def write_end(store: Store, note: "Ended", site: Site) -> None:
    """Write the end of a job, and what it leaves in the row of its task.

    Raises  IllegalTransition when the job has ended before.
    """
    job = note.job
    task = store.task(TaskKey(job.kind, job.task_id))
    follows, skipped = GONE, None
    was: datetime | None = NOTHING_TO_PLAN
    if task is not None:
        follows, skipped = after_job(store, task, job, note.outcome.state, note.at, site)
        # Edited meanwhile, the next turn plans it; a retry is not planned.
        was = NOTHING_TO_PLAN if task.next_due is None and not follows.retried else task.next_due
    store.end(
        job,
        note.outcome,
        note.at,
        **follows._asdict(),
        was=was,
        log=note.log,
        log_lines=note.log_lines,
        log_dropped=note.log_dropped,
        message=note.log,
    )
    if task is not None and skipped is not None:
        store.skip(task, skipped, note.at, f"Skipped {which(skipped, site.zone)}: job {job.id} had not ended")


def after_job(
    store: Store, task: Task, job: Job, state: State, end: datetime, site: Site
) -> tuple[Follows, Passed | None]:
    """What the end of a job leaves in the row of its task, and the slots that passed while it ran and are skipped."""
    policy, task = policy_of(task, site.policy), splayed(task, site.policy)
    try:
        rule = Recurrence.of(task)
        slots = slots_after(store, task, rule, job, end, site, waits=policy.overlap != "skip")
        if task.disabled:  # its slots do not exist
            slots = Slots(slots.next)
    except LinodError:  # edited into an impossible schedule meanwhile; the next turn plans it, and says so
        return what_follows(task, job, state, end, NOTHING_TO_PLAN, policy), None
    follows = what_follows(task, job, state, end, slots.next, policy, lambda at: rule.may_start(at, site.zone))
    return follows, slots.skipped


def slots_after(
    store: Store, task: Task, rule: Recurrence, job: Job, end: datetime, site: Site, *, waits: bool
) -> Slots:
    """The slots after a job.

    task   as the row is now: its `next_due` is a slot when the claim wrote one.
    waits  the last of those that passed is run now, and not skipped.
    Raises BadRecurrence.
    """
    zone = site.zone
    if task.next_due is None:  # edited meanwhile: nothing of the time before was missed
        return Slots(not_run_yet(store, task, plan(task, end, zone), site))
    began = job.slot if job.slot is not None and job.attempt == 1 else job.claimed_at
    set_back = began > end + timedelta(seconds=NOTICED)
    if rule.anchor is None:  # a row that other software wrote
        rule = rule.anchored(job.slot or end)
    first = task.next_due if task.next_due < NOTHING_TO_PLAN else None
    if first is None or set_back:
        first = rule.next_after(end if set_back else began, zone)
    if first is None or first > end:
        return Slots(not_run_yet(store, task, first or NOTHING_TO_PLAN, site, set_back=set_back))
    if waits:
        last = last_slot(rule, first, end, zone)
        return Slots(last, passed(rule, first, last - TICK, zone) if last > first else None)
    following = not_run_yet(store, task, rule.next_after(end, zone) or NOTHING_TO_PLAN, site)
    return Slots(following, _without_a_job(store, task, rule, first, end, site))


def _without_a_job(
    store: Store, task: Task, rule: Recurrence, first: datetime, end: datetime, site: Site
) -> Passed | None:
    """The slots up to the end of a job that had none: before the clock was set back they may have had one."""
    begin: datetime | None = first
    if site.seen is not None and first <= site.seen:
        last = store.last_run_slot(task.key, end)
        if last is not None and last >= first:
            begin = rule.next_after(last, site.zone)
    return None if begin is None or begin > end else passed(rule, begin, end, site.zone)
