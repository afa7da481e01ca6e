"""Jobs that are replaced by the next slot of their task: `overlap` is replace, and it has come."""

from collections.abc import Sequence
from datetime import datetime

from linod.jobs import Job, State
from linod.runner.site import Site
from linod.runner.supervisor import Supervisor
from linod.store import Store
from linod.store.thread import DatabaseThread
from linod.tasks import NOTHING_TO_PLAN, TaskKey


async def replace(
    db: DatabaseThread, store: Store, supervisor: Supervisor, now: datetime, site: Site, *, anew: bool
) -> None:
    """End the jobs whose next slot has come. When they are gone, the job of that slot is claimed as for any other.

    anew  tasks were planned anew: the slots that replace jobs are others.
    """
    jobs = supervisor.book.jobs
    ripe = [one.job for one in jobs.values() if one.replaced_at is not None and (anew or one.replaced_at <= now)]
    if not ripe:
        return
    moments = await db.run(replaced_at, store, ripe, site)
    for job, moment in zip(ripe, moments, strict=True):
        if job.id in jobs:
            jobs[job.id].replaced_at = moment if moment is not None and moment > now else None
            if moment is not None and moment <= now:
                supervisor.end_job(job.id, State.CANCELLED, "replaced by its next slot")


def replaced_at(store: Store, jobs: Sequence[Job], site: Site) -> list[datetime | None]:
    """When the next slots of the tasks of these jobs replace them, as their rows have it now; None: never.

    In the database thread.
    """
    return [_replaced_at(store, job, site) for job in jobs]


def _replaced_at(store: Store, job: Job, site: Site) -> datetime | None:
    task = store.task(TaskKey(job.kind, job.task_id))
    if task is None or task.job_id != job.id or task.disabled or task.next_due == NOTHING_TO_PLAN:
        return None
    return task.next_due if (task.overlap or site.policy.overlap) == "replace" else None
