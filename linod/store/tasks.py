"""Reading tasks: what to plan, what to claim, what is next; and by the names that people use."""

import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from peewee import fn

from linod.models import KINDS, Runnable, kind_model
from linod.store.connection import Connection
from linod.store.query import param
from linod.store.rows import task_columns, task_value
from linod.tasks import NOTHING_TO_PLAN, SYSTEM_TASK, Task, TaskKey

OVERDUE_SHOWN = 100

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""Before every request. Peewee 3.14 writes "is not null" as `IS NOT ?`, for which SQLite reads no index."""


class Tasks(Connection):
    """The rows of all kinds of task."""

    def task(self, key: TaskKey) -> Task | None:
        """One task; None when it is gone, or its kind unknown."""
        return next(iter(self._tasks(key.kind, _by_id, id=key.id)), None) if key.kind in KINDS else None

    def unplanned(self, limit: int) -> list[Task]:
        """Enabled tasks without a job whose next slot is to be computed."""
        return self._all_kinds(_unplanned, limit=limit)[:limit]

    def plan(self, task: Task, next_due: datetime) -> bool:
        """Set the next slot of an unplanned task; False when it has been planned, or claimed, meanwhile."""
        return self._changed(_plan, kind_model(task.kind), id=task.id, next_due=next_due) == 1

    def requested(self, limit: int, procedures: Collection[str] | None = None) -> list[Task]:
        """Tasks with a waiting request and no job, disabled ones included, by the moment of the request.

        procedures  those that can be run now; tasks of others are left out. None: all.
        """
        tasks = self._of_procedures(_requested, procedures, limit=limit)
        return sorted(tasks, key=lambda task: (task.requested_at, task.seqno))[:limit]

    def due(self, now: datetime, limit: int, procedures: Collection[str] | None = None) -> list[Task]:
        """Enabled tasks without a job whose slot has come, by slot and number."""
        return _by_slot(self._of_procedures(_due, procedures, now=now, limit=limit))[:limit]

    def upcoming(self, now: datetime, limit: int = 20) -> list[Task]:
        """The tasks whose slot comes next."""
        return _by_slot(self._all_kinds(_upcoming, now=now, never=NOTHING_TO_PLAN, limit=limit))[:limit]

    def next_due(self, procedures: Collection[str] | None = None) -> datetime | None:
        """The earliest slot, passed or not, of an enabled task without a job; None when there is none."""
        found = _by_slot(self._of_procedures(_next_due, procedures, never=NOTHING_TO_PLAN))
        return found[0].next_due if found else None

    def overdue(self, now: datetime, grace: timedelta) -> list[Task]:
        """Tasks whose slot passed longer than `grace` ago and that have no job; the first 100."""
        return self.due(now - grace, OVERDUE_SHOWN)

    def find(self, reference: str) -> list[Task]:
        """The tasks that people may mean: a name, a procedure, an id, `#number`, `kind#number` or `kind:id`.

        A bare id and `#number` mean a SystemTask. A name goes before a procedure, and both before a form of number.
        """
        found = self._all_kinds(_by_name, name=reference) or self._all_kinds(_by_procedure, procedure=reference)
        form = re.fullmatch(r"(?:(\w+\.\w+)?(#)|(\w+\.\w+):|)([0-9]{1,18})", reference)
        if found or form is None:
            return found
        kind = form[1] or form[3] or SYSTEM_TASK
        if kind not in KINDS:
            return []
        number = int(form[4])
        return self._tasks(kind, _by_seqno, seqno=number) if form[2] else self._tasks(kind, _by_id, id=number)

    def names(self, limit: int) -> list[str]:
        """Names of tasks, for suggestions."""
        return sorted({row[0] for model in KINDS.values() for row in self._rows(_names, model, limit=limit)})[:limit]

    def list_tasks(self, *, offset: int = 0, limit: int, kind: str | None = None) -> list[Task]:
        """Tasks by number, one kind after the other; all kinds when `kind` is None."""
        found: list[Task] = []
        for name in KINDS if kind is None else [kind]:
            found += self._tasks(name, _in_order, offset=offset, limit=limit - len(found))
            if len(found) >= limit:
                break
            offset = max(0, offset - self.count_tasks(name)) if not found else 0
        return found

    def count_tasks(self, kind: str | None = None) -> int:
        """The number of tasks."""
        return sum(int(self._rows(_count, kind_model(name))[0][0]) for name in (KINDS if kind is None else [kind]))

    def counts(self) -> dict[str, int]:
        """How many tasks there are, enabled, disabled, running and requested."""
        found = {"tasks": 0, "enabled": 0, "disabled": 0, "running": 0, "requested": 0}
        for model in KINDS.values():
            for disabled, number in self._rows(_count_by_disabled, model):
                found["tasks"] += number
                found["disabled" if disabled else "enabled"] += number
            found["running"] += int(self._rows(_count_running, model)[0][0])
            found["requested"] += int(self._rows(_count_requested, model)[0][0])
        return found

    def summary(self, now: datetime) -> dict[str, object]:
        """The counts, and `next_due`: the first slot after `now`, None when there is none."""
        upcoming = self.upcoming(now, 1)
        return {**self.counts(), "next_due": upcoming[0].next_due if upcoming else None}

    def _tasks(self, kind: str, build: Callable[..., Any], *args: Any, **values: object) -> list[Task]:
        model = kind_model(kind)
        return [task_value(model, row) for row in self._rows(build, model, *args, **values)]

    def _all_kinds(self, build: Callable[..., Any], *args: Any, **values: object) -> list[Task]:
        return [task for kind in KINDS for task in self._tasks(kind, build, *args, **values)]

    def _of_procedures(
        self, build: Callable[..., Any], procedures: Collection[str] | None, **values: object
    ) -> list[Task]:
        if procedures is None:
            return self._all_kinds(build, None, **values)
        return self._all_kinds(build, frozenset(procedures), **values) if procedures else []


def _by_slot(tasks: list[Task]) -> list[Task]:
    return sorted(tasks, key=lambda task: (task.next_due, task.seqno))


# The queries. Each is built and compiled once for each kind; the order of conditions is that of the index.


def _select(model: type[Runnable]) -> Any:
    return model.select(task_columns())


def _waiting(model: type[Runnable], procedures: frozenset[str] | None = None) -> Any:
    """Enabled tasks without a job."""
    query = _select(model).where(model.disabled == False, model.job_id.is_null())  # noqa: E712  # Peewee needs ==
    return query if procedures is None else query.where(model.procedure.in_(sorted(procedures)))


def _by_id(model: type[Runnable]) -> Any:
    return _select(model).where(model.id == param("id"))


def _by_seqno(model: type[Runnable]) -> Any:
    return _select(model).where(model.seqno == param("seqno")).order_by(model.id)


def _by_name(model: type[Runnable]) -> Any:
    return _select(model).where(model.name == param("name")).order_by(model.id)


def _by_procedure(model: type[Runnable]) -> Any:
    return _select(model).where(model.procedure == param("procedure")).order_by(model.id)


def _names(model: type[Runnable]) -> Any:
    return model.select(model.name).distinct().order_by(model.name).limit(param("limit"))


def _in_order(model: type[Runnable]) -> Any:
    return _select(model).order_by(model.seqno, model.id).limit(param("limit")).offset(param("offset"))


def _unplanned(model: type[Runnable]) -> Any:
    return _waiting(model).where(model.next_due.is_null()).order_by(model.seqno).limit(param("limit"))


def _plan(model: type[Runnable]) -> Any:
    return model.update(next_due=param("next_due", model.next_due)).where(
        model.id == param("id"), model.next_due.is_null(), model.job_id.is_null()
    )


def _requested(model: type[Runnable], procedures: frozenset[str] | None) -> Any:
    query = _select(model).where(model.job_id.is_null(), model.requested_at > LONG_AGO)
    if procedures is not None:
        query = query.where(model.procedure.in_(sorted(procedures)))
    return query.order_by(model.requested_at).limit(param("limit"))


def _due(model: type[Runnable], procedures: frozenset[str] | None) -> Any:
    query = _waiting(model, procedures).where(model.next_due <= param("now", model.next_due))
    return query.order_by(model.next_due, model.seqno).limit(param("limit"))


def _upcoming(model: type[Runnable]) -> Any:
    due = model.next_due
    query = _waiting(model).where(due > param("now", due), due < param("never", due))
    return query.order_by(due, model.seqno).limit(param("limit"))


def _next_due(model: type[Runnable], procedures: frozenset[str] | None) -> Any:
    # Without `is_null` too: a comparison with NULL is never true, and the index is read from the first value on.
    query = _waiting(model, procedures).where(model.next_due < param("never", model.next_due))
    return query.order_by(model.next_due).limit(1)


def _count(model: type[Runnable]) -> Any:
    return model.select(fn.COUNT(model.id))


def _count_by_disabled(model: type[Runnable]) -> Any:
    return model.select(model.disabled, fn.COUNT(model.id)).group_by(model.disabled)


def _count_running(model: type[Runnable]) -> Any:
    return model.select(fn.COUNT(model.id)).where(model.job_id > 0)


def _count_requested(model: type[Runnable]) -> Any:
    return model.select(fn.COUNT(model.id)).where(model.job_id.is_null(), model.requested_at > LONG_AGO)
