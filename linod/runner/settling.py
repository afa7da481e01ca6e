"""The first thing that who serves a site does: settle what a linod before it has left."""

from collections.abc import Sequence
from datetime import datetime

from linod.jobs import Job
from linod.lock import end_leftovers
from linod.store import Store


def settle(store: Store, now: datetime) -> Sequence[Job]:
    """End the processes of unfinished jobs, and have these jobs interrupted. For who holds the database lock.

    Returns  the jobs.
    """
    for job in store.unfinished():
        if job.pid is not None and job.pid_started is not None:
            end_leftovers(job.pid, job.pid_started, job.boot_id)
    return store.interrupt_unfinished(now, "linod ended while this job ran")
