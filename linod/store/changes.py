"""Who changed what, and which tasks were disabled by their own failure."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from linod import models
from linod.jobs import DISABLING, EXECUTED, Job, State
from linod.models import KINDS, Runnable, json_value
from linod.store.jobs import Jobs
from linod.store.query import param
from linod.store.rows import storable, task_columns, task_value
from linod.tasks import Task


class Changes(Jobs):
    """The record of operators' acts."""

    def change(
        self,
        now: datetime,
        uid: int,
        gid: int,
        user: str,
        action: str,
        kind: str | None,
        task_id: int | None,
        task_name: str | None,
        before: Mapping[str, object],
        after: Mapping[str, object],
    ) -> int:
        """Record an act of an operator; call it in the transaction of the act.

        before, after  the columns that it changed, as values.
        Returns        the id of the record.
        """
        values = {
            "at": now,
            "uid": uid,
            "gid": gid,
            "user": storable(user)[:200],
            "action": action,
            "kind": kind,
            "task_id": task_id,
            "task_name": task_name,
            "before": _json(before),
            "after": _json(after),
        }
        return self._inserted(_record, tuple(values), **values)

    def failed_tasks(self) -> list[tuple[Task, Job]]:
        """Disabled tasks whose last execution failed, with that job, by number.

        Not those that an operator has switched since: then being disabled is a decision.
        """
        found = []
        for kind, model in KINDS.items():
            for task in [task_value(model, row) for row in self._rows(_disabled, model)]:
                job = self._last_execution(task)
                if job is not None and job.state in DISABLING and not self._disabled_since(kind, task, job):
                    found.append((task, job))
        return found

    def _last_execution(self, task: Task) -> Job | None:
        jobs = self.jobs(key=task.key, states=[*EXECUTED, State.INTERRUPTED], limit=1)
        return jobs[0] if jobs else None

    def _disabled_since(self, kind: str, task: Task, job: Job) -> bool:
        """Whether an operator has switched the task since that job: then being disabled is their decision."""
        rows = self._rows(_changes_since, kind=kind, task_id=task.id, at=job.ended_at)
        return any("disabled" in json.loads(after) for (after,) in rows)


def _json(values: Mapping[str, object]) -> str:
    return storable(json.dumps({name: json_value(value) for name, value in values.items()}, sort_keys=True))


def _record(names: tuple[str, ...]) -> Any:
    return models.Change.insert({name: param(name, models.Change._meta.fields[name]) for name in names})


def _disabled(model: type[Runnable]) -> Any:
    return model.select(task_columns()).where(model.disabled == True).order_by(model.seqno, model.id)  # noqa: E712


def _changes_since() -> Any:
    change = models.Change
    return change.select(change.after).where(
        change.kind == param("kind"), change.task_id == param("task_id"), change.at >= param("at", change.at)
    )
