"""Planning anew: reading all tasks piece by piece, which slots were run, and how late it has been already."""

import json
from datetime import datetime
from typing import Any

from linod import models
from linod.jobs import State
from linod.models import Runnable, parse_moment
from linod.store.query import param
from linod.store.rows import task_columns
from linod.store.tasks import Tasks
from linod.tasks import NOTHING_TO_PLAN, Task, TaskKey
from linod.tuples import NamedTuple

RECORDED = 100
"""Changes of the clock that are looked at, the newest."""

CLOCK = "clock"
"""The action of such a `Change`; `before` and `after` have moments named "now"."""

NEWEST = (
    'SELECT "claimed_at", "started_at", "ended_at" FROM "linod_job" ORDER BY "id" DESC LIMIT 1',
    'SELECT "at" FROM "linod_change" ORDER BY "id" DESC LIMIT 1',
    'SELECT "installed_at" FROM "linod_installed" ORDER BY "id" DESC LIMIT 1',
)
"""As text, like the next one: each is asked once, on the way to READY, and Peewee takes 0.5-1 ms to make a query."""

CLOCK_CHANGES = (
    'SELECT "before" FROM "linod_change" WHERE "kind" IS NULL AND "task_id" IS NULL '
    f'AND "action" = \'{CLOCK}\' ORDER BY "id" DESC LIMIT {RECORDED}'
)

NO_EXECUTION = (State.MISSED.value, State.SKIPPED.value)


class Seen(NamedTuple):
    """The latest moments that an earlier daemon can have seen on the wall clock.

    ledger    of its newest rows; None when there are none.
    recorded  from which the clock was set back, as the `Change` rows say; None when it never was.
    """

    ledger: datetime | None
    recorded: datetime | None


class Replanning(Tasks):
    """What a clock that was set asks for."""

    def tasks_after(self, key: TaskKey, limit: int) -> list[Task]:
        """Tasks of a kind by id, those behind the given one."""
        return self._tasks(key.kind, _after, id=key.id, limit=limit)

    def replan(self, task: Task, next_due: datetime, retried_job: int | None = None) -> bool:
        """Set the next slot of a task that waits for one; False when it does not any more, or for another, or when it
        has another job than the one that it was read with.

        retried_job  what is tried again then; None: it is a slot, and whatever waited to be tried again is not.
        """
        values = {"id": task.id, "next_due": next_due, "due": task.next_due, "retried_job": retried_job}
        if task.job_id is not None:
            values["job_id"] = task.job_id
        return self._changed(_replan, self.model(task.kind), task.job_id is None, **values) == 1

    def was_run(self, key: TaskKey, slot: datetime) -> bool:
        """Whether a job was made for a slot. One that was missed or skipped had none."""
        return bool(self._rows(_run, kind=key.kind, task_id=key.id, slot=slot))

    def last_run_slot(self, key: TaskKey, until: datetime = NOTHING_TO_PLAN) -> datetime | None:
        """The latest slot that a job was made for, of those up to a moment."""
        rows = self._rows(_last_run, kind=key.kind, task_id=key.id, until=until)
        return _moment(rows[0][0]) if rows else None

    def newest_run_slot(self, key: TaskKey) -> datetime | None:
        """The slot of the newest job that was made for one: not the latest slot where the clock was set back."""
        rows = self._rows(_newest_run, kind=key.kind, task_id=key.id)
        return _moment(rows[0][0]) if rows else None

    def last_seen(self) -> Seen:
        """How late it was when the database was last used."""
        rows = [row for sql in NEWEST for row in self._rows_of(sql)]
        ledger = [_moment(value) for row in rows for value in row if value is not None]
        recorded = [parse_moment(json.loads(row[0])["now"]) for row in self._rows_of(CLOCK_CHANGES)]
        return Seen(max(ledger, default=None), max(recorded, default=None))


def _moment(value: Any) -> datetime:
    moment = models.Job.slot.from_column(value)
    assert isinstance(moment, datetime)
    return moment


def _after(model: type[Runnable]) -> Any:
    return model.select(task_columns(model)).where(model.id > param("id")).order_by(model.id).limit(param("limit"))


def _replan(model: type[Runnable], idle: bool) -> Any:
    return model.update(next_due=param("next_due", model.next_due), retried_job=param("retried_job")).where(
        model.id == param("id"),
        model.job_id.is_null() if idle else model.job_id == param("job_id"),
        model.disabled == False,  # noqa: E712  # Peewee needs ==
        model.next_due == param("due", model.next_due),
    )


def _runs() -> Any:
    job = models.Job
    return job.select(job.slot).where(job.kind == param("kind"), job.task_id == param("task_id"))


def _run() -> Any:
    job = models.Job
    return _runs().where(job.slot == param("slot", job.slot), job.state.not_in(NO_EXECUTION)).limit(1)


def _last_run() -> Any:
    job = models.Job
    up_to = job.slot <= param("until", job.slot)
    return _runs().where(up_to, job.state.not_in(NO_EXECUTION)).order_by(job.slot.desc()).limit(1)


def _newest_run() -> Any:
    job = models.Job
    return _runs().where(job.slot.is_null(False), job.state.not_in(NO_EXECUTION)).order_by(job.id.desc()).limit(1)
