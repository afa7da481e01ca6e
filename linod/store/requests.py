"""The wish to run a task, and taking it back. Both touch only the `requested_` columns: the schedule stays as it is."""

from datetime import datetime
from typing import Any

from linod import models
from linod.errors import NoSuchTask
from linod.jobs import Job, State
from linod.models import Runnable, parse_column
from linod.store.jobs import Jobs
from linod.store.query import param
from linod.tasks import Task, TaskKey


class Requests(Jobs):
    """Requests that no job has been made of yet."""

    def request(self, key: TaskKey, by: str, now: datetime, log_level: str | None = None) -> tuple[Task, bool]:
        """Ask for a task to run as soon as possible, whatever its schedule says, also when it is disabled or running.

        log_level  for this run only.
        Returns    the task as it is now, and whether the request is new; while one waits, a second is the same request.
        Raises     NoSuchTask, BadValue for the level.
        """
        level = None if log_level is None else str(parse_column("log_level", log_level))
        with self.transaction():
            new = self._changed(_request, self.model(key.kind), id=key.id, now=now, by=by[:200], level=level) == 1
            return self.existing(key), new

    def cancel_request(self, key: TaskKey, now: datetime, by: str = "") -> Job | None:
        """Take back a waiting request.

        Returns  its row in the ledger, ended as cancelled; None when no request waits, or it has become a job.
        Raises   NoSuchTask.
        """
        with self.transaction():
            task = self.existing(key)
            if task.requested_at is None:
                return None
            self._changed(_withdraw, self.model(key.kind), id=key.id)
            values = {
                "kind": task.kind,
                "task_id": task.id,
                "task_name": task.name,
                "procedure": task.procedure,
                "requested_at": task.requested_at,
                "requested_by": task.requested_by,
                "log_level": task.requested_log_level or task.log_level,
                "now": now,
                "message": f"The request was cancelled by {by}" if by else "The request was cancelled",
            }
            return self.job(self._inserted(_cancelled, **values))

    def existing(self, key: TaskKey) -> Task:
        """The task; raises NoSuchTask when it is gone."""
        task = self.task(key)
        if task is None:
            raise NoSuchTask(f"there is no task {key.kind}:{key.id} any more")
        return task


def _request(model: type[Runnable]) -> Any:
    columns = {
        model.requested_at: param("now", model.requested_at),
        model.requested_by: param("by"),
        model.requested_log_level: param("level"),
    }
    return model.update(columns).where(model.id == param("id"), model.requested_at.is_null())


def _withdraw(model: type[Runnable]) -> Any:
    nothing = {model.requested_at: None, model.requested_by: None, model.requested_log_level: None}
    return model.update(nothing).where(model.id == param("id"))


def _cancelled() -> Any:
    job = models.Job
    names = ("kind", "task_id", "task_name", "procedure", "requested_at", "requested_by", "log_level", "message")
    moments = {name: param("now", job._meta.fields[name]) for name in ("claimed_at", "ended_at")}
    fixed = {"state": State.CANCELLED.value, "node": "", "boot_id": ""}
    return job.insert({**{name: param(name, job._meta.fields[name]) for name in names}, **moments, **fixed})
