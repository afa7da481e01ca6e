"""Who changed what, and which tasks were disabled by their own failure."""

import json
import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from peewee import fn

from linod import models
from linod.jobs import Job
from linod.models import Runnable, json_value
from linod.store.jobs import Jobs
from linod.store.query import param
from linod.store.replanning import CLOCK
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

    def clock_changed(self, expected: datetime, now: datetime, slept: float) -> None:
        """Record that the wall clock was set, or the machine slept; who did it is not known.

        expected  what it would show without that, or the last that was seen of it.
        slept     seconds.
        """
        after = {"now": now, "slept": round(slept)}
        owner = os.geteuid(), os.getegid()
        self.change(now, *owner, "linod", CLOCK, None, None, None, {"now": expected}, after)

    def failed_tasks(self, limit: int) -> list[tuple[Task, Job]]:
        """Disabled tasks whose last execution failed, with that job, the last failure first.

        Not those that somebody has switched since: then being disabled is a decision.
        """
        found = []
        for model in self.kinds.values():
            for task in [task_value(model, row) for row in self._rows(_failed, model, limit=limit)]:
                job = self.job(task.failed_job or 0)
                found += [(task, job)] if job is not None else []
        return sorted(found, key=lambda pair: -pair[1].id)[:limit]

    def count_failed(self) -> int:
        """How many there are of these."""
        return sum(int(self._rows(_count_failed, model)[0][0]) for model in self.kinds.values())


def _json(values: Mapping[str, object]) -> str:
    return storable(json.dumps({name: json_value(value) for name, value in values.items()}, sort_keys=True))


def _record(names: tuple[str, ...]) -> Any:
    return models.Change.insert({name: param(name, models.Change._meta.fields[name]) for name in names})


def _failed(model: type[Runnable]) -> Any:
    query = model.select(task_columns(model)).where(model.failed_job > 0, model.disabled > 0)
    return query.order_by(model.failed_job.desc()).limit(param("limit"))


def _count_failed(model: type[Runnable]) -> Any:
    return model.select(fn.COUNT(model.id)).where(model.failed_job > 0, model.disabled > 0)
