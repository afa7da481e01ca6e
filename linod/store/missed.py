"""Slots that passed and got no job: the task goes to the next one, the ledger keeps a row."""

from datetime import datetime
from typing import Any

from peewee import fn

from linod import models
from linod.jobs import State
from linod.models import Runnable
from linod.recurrence import Passed
from linod.store.connection import Connection
from linod.store.query import param
from linod.tasks import Task

RUN = ("slot_last", "slot_count")
"""Columns that only a row for several slots has."""


class Missed(Connection):
    """Slots that nobody took."""

    def miss(self, task: Task, slots: Passed, next_due: datetime, now: datetime, message: str) -> bool:
        """Record that slots of a task passed without a job, in one row, and set its next.

        task      as it was read; its slot, being enabled and without a request must hold still.
        next_due  the slot to run: one that passed with them, or the next.
        Returns   False when the row has changed since: then nothing was written.
        """
        with self.transaction():
            if self._changed(_pass_over, self.model(task.kind), id=task.id, due=task.next_due, next_due=next_due) != 1:
                return False
            self._without_job(State.MISSED, task, slots, now, message)
        return True

    def skip(self, task: Task, slots: Passed, now: datetime, message: str) -> None:
        """Record that slots of a task passed while it had a job, in one row."""
        with self.transaction():
            self._without_job(State.SKIPPED, task, slots, now, message)

    def _without_job(self, state: State, task: Task, slots: Passed, now: datetime, message: str) -> None:
        found = self._rows(_attempts, kind=task.kind, task_id=task.id, slot=slots.first)[0][0]
        values = {name: getattr(task, name) for name in ("kind", "procedure", "log_level")}
        values |= {"task_id": task.id, "task_name": task.name, "slot": slots.first, "attempt": (found or 0) + 1}
        several = slots.last > slots.first
        values |= {"slot_last": slots.last, "slot_count": slots.number} if several else dict.fromkeys(RUN)
        self._inserted(_enter, state, **values, now=now, message=message)


def _pass_over(model: type[Runnable]) -> Any:
    return model.update(next_due=param("next_due", model.next_due)).where(
        model.id == param("id"),
        model.job_id.is_null(),
        model.disabled == False,  # noqa: E712
        model.requested_at.is_null(),
        model.next_due == param("due", model.next_due),
    )


def _attempts() -> Any:
    job = models.Job
    return job.select(fn.MAX(job.attempt)).where(
        job.kind == param("kind"), job.task_id == param("task_id"), job.slot == param("slot", job.slot)
    )


def _enter(state: State) -> Any:
    job = models.Job
    names = ("kind", "task_id", "task_name", "procedure", "slot", *RUN, "attempt", "log_level", "message")
    moments = {name: param("now", job._meta.fields[name]) for name in ("claimed_at", "ended_at")}
    fixed = {"state": state.value, "node": "", "boot_id": ""}
    return job.insert({**{name: param(name, job._meta.fields[name]) for name in names}, **moments, **fixed})
