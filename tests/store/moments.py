"""Moments and shorthands for the tests of the store."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from linod.afterwards import Follows
from linod.jobs import EXECUTED, Job, Outcome, State
from linod.store import Store
from linod.tasks import Task, TaskKey

NOON = datetime(2026, 11, 24, 12, 0, 0, 500, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

DONE = Outcome(State.SUCCEEDED)
BROKEN = Outcome(State.FAILED, "ValueError: bad voucher 17", "Traceback ...\nValueError: bad voucher 17", 1)


def add(store: Store, name: str = "checkdata", due: datetime | None = None, **columns: object) -> Task:
    """A daily task; planned when `due` is given."""
    task = store.add(name, name, {"every_unit": "daily", **columns})
    if due is not None:
        assert store.plan(task, due)
    return again(store, task)


def again(store: Store, task: Task) -> Task:
    """The task as it is now."""
    found = store.task(task.key)
    assert found is not None
    return found


def claim_slot(store: Store, task: Task, now: datetime = NOON) -> Job:
    job = store.claim(task, by_request=False, slot=task.next_due, now=now, node="n1", boot_id="b1")
    assert job is not None
    return job


def claim_request(store: Store, task: Task, now: datetime = NOON) -> Job:
    job = store.claim(task, by_request=True, slot=None, now=now, node="n1", boot_id="b1")
    assert job is not None
    return job


def end(
    store: Store,
    job: Job,
    outcome: Outcome = DONE,
    now: datetime = NOON + SECOND,
    next_due: datetime = NOON + DAY,
    message: str = "12:00:00 INFO all is well",
) -> Task | None:
    """The end of a job; its start is noted before, as the runner does, when it was not."""
    found = store.job(job.id)
    if found is not None and found.state is State.CLAIMED and outcome.state in EXECUTED:
        store.started(job.id, 4711, 99, NOON)
    store.end(
        job,
        outcome,
        now,
        next_due=next_due,
        disable=outcome.state is State.FAILED,
        log=message,
        log_lines=1,
        log_dropped=0,
        message=message,
    )
    return store.task(TaskKey(job.kind, job.task_id)) if job.kind in store.kinds else None


def run(store: Store, task: Task, outcome: Outcome = DONE) -> Job:
    """One whole job of a task that is due."""
    job = claim_slot(store, task)
    end(store, job, outcome)
    found = store.job(job.id)
    assert found is not None
    return found


def beside(path: Path) -> list[str]:
    """The files in the directory of a database."""
    return sorted(file.name for file in path.parent.iterdir())


def tomorrow(task: Task, job: Job) -> Follows:
    """What follows for a task whose job is interrupted: its next slot."""
    return Follows(NOON + DAY, retried=False, disable=False, failures=task.failures)
