"""What operators do to rows: set columns, add a task, remove one."""

from collections.abc import Mapping
from typing import Any

from peewee import fn

from linod.models import REPLANNING, Runnable, kind_model, parse_column
from linod.recurrence import Recurrence
from linod.store.query import param
from linod.store.requests import Requests
from linod.tasks import SYSTEM_TASK, Task, TaskKey


class Edits(Requests):
    """Edits of tasks, each a conditional or column-wise statement: a job that runs meanwhile undoes none."""

    def set_columns(self, key: TaskKey, values: Mapping[str, object]) -> tuple[Task, Task]:
        """Set some columns, and no others. After an edit of the schedule or of `disabled` the task is planned anew.

        values   columns of OPERABLE, as text or as values.
        Returns  the task before and after; the same when every column had its value already: then nothing is written.
        Raises   NoSuchTask; BadValue for a value that does not fit its column or the rest of the row.
        """
        parsed = {name: parse_column(name, value) for name, value in values.items()}
        with self.transaction():
            before = self.existing(key)
            changes = {name: value for name, value in parsed.items() if getattr(before, name) != value}
            if not changes:
                return before, before
            wanted = before._replace(**changes)  # type: ignore[arg-type]  # parsed, each by its name
            if changes.keys() & REPLANNING and changes.keys() != {"disabled"}:
                Recurrence.of(wanted)
            if changes.keys() & REPLANNING:
                changes["next_due"] = None
            if "disabled" in changes:
                changes["failed_job"] = None  # somebody has seen to it
            names = tuple(sorted(changes))
            self._changed(_set, kind_model(key.kind), names, id=key.id, **changes)
            return before, self.existing(key)

    def add(self, procedure: str, name: str, columns: Mapping[str, object], kind: str = SYSTEM_TASK) -> Task:
        """Add a task at the end of the list; it is planned with the next turn.

        columns  others of OPERABLE, as text or as values.
        Raises   BadValue for a value that does not fit its column or the others.
        """
        given = {"procedure": procedure, "name": name or procedure, **columns}
        parsed = {column: parse_column(column, value) for column, value in given.items()}
        model = kind_model(kind)
        Recurrence.of(Task(kind, 0, **{"seqno": 0, **parsed}))  # type: ignore[arg-type]  # parsed, each by its name
        with self.transaction():
            parsed.setdefault("seqno", (self._rows(_last_seqno, model)[0][0] or 0) + 1)
            names = tuple(sorted(parsed))
            return self.existing(TaskKey(kind, self._inserted(_insert, model, names, **parsed)))

    def remove(self, key: TaskKey) -> bool:
        """Delete a task; its jobs stay in the ledger. Returns False when it was gone already."""
        return self._changed(_delete, kind_model(key.kind), id=key.id) == 1


def _set(model: type[Runnable], names: tuple[str, ...]) -> Any:
    return model.update({name: param(name, model._meta.fields[name]) for name in names}).where(model.id == param("id"))


def _insert(model: type[Runnable], names: tuple[str, ...]) -> Any:
    return model.insert({name: param(name, model._meta.fields[name]) for name in names})


def _last_seqno(model: type[Runnable]) -> Any:
    return model.select(fn.MAX(model.seqno))


def _delete(model: type[Runnable]) -> Any:
    return model.delete().where(model.id == param("id"))
