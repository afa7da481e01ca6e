"""The first thing that who serves a site does: settle what a linod before it has left."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from linod.errors import LinodError
from linod.jobs import Job
from linod.lock import end_leftovers
from linod.recurrence import plan_after
from linod.store import Store
from linod.tasks import NOTHING_TO_PLAN, Task


def settle(store: Store, now: datetime, zone: ZoneInfo) -> Sequence[Job]:
    """End the processes of unfinished jobs, and have these jobs interrupted. For who holds the database lock.

    zone     the site's.
    Returns  the jobs.
    """
    for job in store.unfinished():
        if job.pid is not None and job.pid_started is not None:
            end_leftovers(job.pid, job.pid_started, job.boot_id)

    def next_due(task: Task, job: Job) -> datetime:
        """Nobody knows when the job ended. The slots since it began are missed ones, as those of any other task for
        which nobody was there."""
        try:
            return plan_after(task, job.slot, job.started_at or job.claimed_at, zone)
        except LinodError:  # edited into an impossible schedule meanwhile; the first turn plans it, and says so
            return NOTHING_TO_PLAN

    return store.interrupt_unfinished(now, "linod ended while this job ran", next_due)
