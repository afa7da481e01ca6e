"""Reading tasks: what to plan, what to claim, what is next; and by the names that people use."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from peewee import SQL, fn

from linod.models import Runnable
from linod.procedures import Procedure
from linod.store.connection import Connection
from linod.store.query import param
from linod.store.rows import task_columns, task_value
from linod.tasks import NOTHING_TO_PLAN, SYSTEM_TASK, Task, TaskKey

OfKinds = Mapping[str, Collection[str]]
"""Names of procedures, for each kind of task."""

FITTING = 20
"""Tasks that one name may fit, of each kind: an application may give a million rows the same name."""

COUNTS = """
SELECT COUNT(*), (SELECT COUNT(*) FROM "{table}" WHERE "disabled" > 0),
    (SELECT COUNT(*) FROM "{table}" WHERE "job_id" > 0),
    (SELECT COUNT(*) FROM "{table}" WHERE "job_id" IS NULL AND "requested_at" > '1970') FROM "{table}"
"""
INSTALLED = f"""SELECT "procedure" FROM "linod_installed" WHERE "kind" = '{SYSTEM_TASK}'"""
"""As text, like the counts: on the way to READY Peewee takes 4 ms to make what amounts to these."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""Before every request. Peewee 3.14 writes "is not null" as `IS NOT ?`, for which SQLite reads no index."""


class Tasks(Connection):
    """The rows of all kinds of task."""

    def task(self, key: TaskKey) -> Task | None:
        """One task; None when it is gone, or its kind unknown."""
        return next(iter(self._tasks(key.kind, _by_id, id=key.id)), None) if key.kind in self.kinds else None

    def unplanned(self, limit: int) -> list[Task]:
        """Enabled tasks without a job whose next slot is to be computed."""
        return self._all_kinds(_unplanned, limit=limit)[:limit]

    def plan(self, task: Task, next_due: datetime) -> bool:
        """Set the next slot of an unplanned task; False when it has been planned, or claimed, meanwhile."""
        return self._changed(_plan, self.model(task.kind), id=task.id, next_due=next_due) == 1

    def requested(self, limit: int, procedures: OfKinds | None = None) -> list[Task]:
        """Tasks with a waiting request and no job, disabled ones included, by the moment of the request.

        procedures  those that can be run now, for each kind; tasks of others are left out. None: all.
        """
        if procedures is None:
            tasks = self._all_kinds(_requested, None, limit=limit)
        else:
            known = [(kind, frozenset(procedures.get(kind, ()))) for kind in self.kinds]
            each = (self._tasks(kind, _requested, names, limit=limit) for kind, names in known if names)
            tasks = [task for found in each for task in found]
        return sorted(tasks, key=lambda task: (task.requested_at, task.seqno))[:limit]

    def due(
        self, now: datetime, limit: int, procedures: OfKinds | None = None, since: datetime = LONG_AGO
    ) -> list[Task]:
        """Enabled tasks without a job whose slot has come, by slot and number.

        procedures  as `requested` takes them.
        since       slots before it are left out.
        """
        return self._of_procedures(_due, procedures, since=since, now=now, limit=limit)[:limit]

    def upcoming(self, now: datetime, limit: int = 20) -> list[Task]:
        """The tasks whose slot comes next."""
        return _by_slot(self._all_kinds(_upcoming, now=now, never=NOTHING_TO_PLAN, limit=limit))[:limit]

    def next_due(self, procedures: OfKinds | None = None) -> datetime | None:
        """The earliest slot, passed or not, of an enabled task without a job; None when there is none."""
        found = self._of_procedures(_upcoming, procedures, now=LONG_AGO, never=NOTHING_TO_PLAN, limit=1)
        return found[0].next_due if found else None

    def overdue(self, now: datetime, grace: timedelta, limit: int) -> list[Task]:
        """Tasks whose slot passed longer than `grace` ago and that have no job, by slot and number."""
        return self.due(now - grace, limit)

    def count_overdue(self, now: datetime, grace: timedelta) -> int:
        """How many there are of these."""
        return self._count_all(_count_due, now=now - grace)

    def procedures(self) -> list[tuple[str, str]]:
        """The procedures that tasks name, each behind the kind of these; it costs what their number does, not that of
        the tasks."""
        found: list[tuple[str, str]] = []
        for kind, model in self.kinds.items():
            last = ""
            while rows := self._rows(_next_procedure, model, last=last):
                last = rows[0][0]
                found.append((kind, last))
        return found

    def not_installed(self, procedures: Sequence[Procedure]) -> list[Procedure]:
        """Of these, those that ask for a SystemTask and never had one."""
        known = {row[0] for row in self._rows_of(INSTALLED)}
        wanted = (item for item in procedures if item.class_name == SYSTEM_TASK and not item.problem)
        return [procedure for procedure in wanted if procedure.name not in known]

    def of_procedure(self, kind: str, procedure: str, limit: int) -> list[Task]:
        """Enabled tasks of one kind and procedure."""
        return self._tasks(kind, _of_procedure, procedure=procedure, limit=limit)

    def count_of_procedure(self, kind: str, procedure: str) -> int:
        """How many there are of these."""
        return int(self._rows(_count_of_procedure, self.model(kind), procedure=procedure)[0][0])

    def find(self, reference: str) -> list[Task]:
        """The tasks that people may mean: a name, a procedure, an id, `#number`, `kind#number` or `kind:id`.

        A bare id and `#number` mean a SystemTask. A name goes before a procedure, and both before a form of number.
        Returns  of each kind the first FITTING of those that a name, a procedure or a number fits.
        """
        found = self._all_kinds(_by_name, name=reference, limit=FITTING)
        found = found or self._all_kinds(_by_procedure, procedure=reference, limit=FITTING)
        form = re.fullmatch(r"(?:(\w+\.\w+)?(#)|(\w+\.\w+):|)([0-9]{1,18})", reference)
        if found or form is None:
            return found
        kind = form[1] or form[3] or SYSTEM_TASK
        if kind not in self.kinds:
            return []
        number = int(form[4])
        if form[2]:
            return self._tasks(kind, _by_seqno, seqno=number, limit=FITTING)
        return self._tasks(kind, _by_id, id=number)

    def names(self, limit: int) -> list[str]:
        """Names of tasks, for suggestions."""
        return sorted({row[0] for model in self.kinds.values() for row in self._rows(_names, model, limit=limit)})[
            :limit
        ]

    def count_tasks(self) -> int:
        """The number of tasks."""
        return self._count_all(_count)

    def counts(self) -> dict[str, int]:
        """How many tasks there are, enabled, disabled, running and requested.

        No counters are kept, which other software could bring out of step: SQLite counts the entries of an index page
        by page, a million in 7 ms, and of the others there are few.
        """
        found = [self._rows_of(COUNTS.format(table=model._meta.table_name))[0] for model in self.kinds.values()]
        tasks, disabled, running, requested = map(sum, zip(*found, strict=True))
        return {
            "tasks": tasks,
            "enabled": tasks - disabled,
            "disabled": disabled,
            "running": running,
            "requested": requested,
        }

    def summary(self, now: datetime) -> dict[str, object]:
        """The counts, and `next_due`: the first slot after `now`, None when there is none."""
        upcoming = self.upcoming(now, 1)
        return {**self.counts(), "next_due": upcoming[0].next_due if upcoming else None}

    def _tasks(self, kind: str, build: Callable[..., Any], *args: Any, **values: object) -> list[Task]:
        model = self.model(kind)
        return [task_value(model, row) for row in self._rows(build, model, *args, **values)]

    def _all_kinds(self, build: Callable[..., Any], *args: Any, **values: object) -> list[Task]:
        return [task for kind in self.kinds for task in self._tasks(kind, build, *args, **values)]

    def _count_all(self, build: Callable[..., Any], **values: object) -> int:
        return sum(int(self._rows(build, model, **values)[0][0]) for model in self.kinds.values())

    def _of_procedures(self, build: Callable[..., Any], procedures: OfKinds | None, **values: object) -> list[Task]:
        """The first tasks by slot. Where a plugin was left out, its tasks may stand before all others, a million of
        them: they are not read one by one, but the other procedures are asked one by one."""
        first = _by_slot(self._all_kinds(build, False, **values))
        if procedures is None or all(task.procedure in procedures.get(task.kind, ()) for task in first):
            return first
        known = [(kind, name) for kind, names in procedures.items() if kind in self.kinds for name in names]
        each = (self._tasks(kind, build, True, procedure=name, **values) for kind, name in known)
        return _by_slot([task for found in each for task in found])


def _by_slot(tasks: list[Task]) -> list[Task]:
    return sorted(tasks, key=lambda task: (task.next_due, task.seqno))


# The queries. Each is built and compiled once for each kind; the order of conditions is that of the index.


def select_tasks(model: type[Runnable]) -> Any:
    """Whole rows."""
    return model.select(task_columns(model))


def waiting(model: type[Runnable], of_one: bool = False) -> Any:
    """Enabled tasks without a job; `of_one`: those of one procedure."""
    query = select_tasks(model).where(model.disabled == False, model.job_id.is_null())  # noqa: E712  # Peewee needs ==
    return query.where(model.procedure == param("procedure")) if of_one else query


def _by_id(model: type[Runnable]) -> Any:
    return select_tasks(model).where(model.id == param("id"))


def _by_seqno(model: type[Runnable]) -> Any:
    return select_tasks(model).where(model.seqno == param("seqno")).order_by(model.id).limit(param("limit"))


def _by_name(model: type[Runnable]) -> Any:
    return select_tasks(model).where(model.name == param("name")).order_by(model.id).limit(param("limit"))


def _by_procedure(model: type[Runnable]) -> Any:
    return select_tasks(model).where(model.procedure == param("procedure")).order_by(model.id).limit(param("limit"))


def _names(model: type[Runnable]) -> Any:
    return model.select(model.name).distinct().order_by(model.name).limit(param("limit"))


def _unplanned(model: type[Runnable]) -> Any:
    return waiting(model).where(model.next_due.is_null()).order_by(model.seqno).limit(param("limit"))


def _plan(model: type[Runnable]) -> Any:
    return model.update(next_due=param("next_due", model.next_due), retried_job=None).where(
        model.id == param("id"), model.next_due.is_null(), model.job_id.is_null()
    )


def _requested(model: type[Runnable], procedures: frozenset[str] | None) -> Any:
    query = select_tasks(model).where(model.job_id.is_null(), model.requested_at > LONG_AGO)
    if procedures is not None:
        query = query.where(model.procedure.in_(sorted(procedures)))
    return query.order_by(model.requested_at).limit(param("limit"))


def _due(model: type[Runnable], of_one: bool) -> Any:
    due = model.next_due
    query = waiting(model, of_one).where(due > param("since", due), due <= param("now", due))
    return query.order_by(due, model.seqno).limit(param("limit"))


def _upcoming(model: type[Runnable], of_one: bool = False) -> Any:
    due = model.next_due
    query = waiting(model, of_one).where(due > param("now", due), due < param("never", due))
    return query.order_by(due, model.seqno).limit(param("limit"))


def _next_procedure(model: type[Runnable]) -> Any:
    query = model.select(model.procedure).where(model.procedure > param("last"))
    return query.order_by(model.procedure).limit(1)


def _of_procedure(model: type[Runnable]) -> Any:
    enabled = model.disabled == False  # noqa: E712
    return select_tasks(model).where(model.procedure == param("procedure"), enabled).limit(param("limit"))


def _count_of_procedure(model: type[Runnable]) -> Any:
    enabled = model.disabled == False  # noqa: E712
    return _count(model).where(model.procedure == param("procedure"), enabled)


def _count(model: type[Runnable]) -> Any:
    # Of rows, not of a column: SQLite then reads no entries, only how many each page has.
    return model.select(fn.COUNT(SQL("*")))


def _count_due(model: type[Runnable]) -> Any:
    enabled = model.disabled == False  # noqa: E712
    return _count(model).where(enabled, model.job_id.is_null(), model.next_due <= param("now", model.next_due))
