"""The first thing that who serves a site does: settle what a linod before it has left."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from linod.afterwards import Follows, what_follows
from linod.errors import LinodError
from linod.jobs import Job, State
from linod.lock import end_leftovers
from linod.policies import LINODS, Policy, policy_of
from linod.recurrence import plan_after
from linod.runner.replanning import not_run_yet
from linod.runner.site import Site
from linod.store import Store
from linod.tasks import NOTHING_TO_PLAN, Task, splayed


def settle(store: Store, now: datetime, zone: ZoneInfo, defaults: Policy = LINODS) -> Sequence[Job]:
    """End the processes of unfinished jobs, and have these jobs interrupted. For who holds the database lock.

    zone      the site's.
    defaults  what fills a policy that a task leaves empty.
    Returns   the jobs.
    """
    # Whoever settles claims nothing by this.
    site = Site("", "", zone, {}, seen=store.last_seen().recorded, policy=defaults)
    for job in store.unfinished():
        if job.pid is not None and job.pid_started is not None:
            end_leftovers(job.pid, job.pid_started, job.boot_id)

    def follows(task: Task, job: Job) -> Follows:
        """Nobody knows when the job ended. The slots since it began are missed ones, as those of any other task for
        which nobody was there."""
        policy = policy_of(task, defaults)
        again = job.started_at or job.claimed_at
        try:
            due = not_run_yet(store, task, plan_after(splayed(task, defaults), job.slot, again, zone), site)
        except LinodError:  # edited into an impossible schedule meanwhile; the first turn plans it, and says so
            due = NOTHING_TO_PLAN
        return what_follows(task, job, State.INTERRUPTED, again, due, policy)

    return store.interrupt_unfinished(now, "linod ended while this job ran", follows)
