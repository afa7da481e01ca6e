"""What operators do to rows: set columns, add a task, remove one."""

from collections.abc import Mapping
from typing import Any

from peewee import fn

from linod.models import REPLANNING, BadColumn, Runnable, parse_column
from linod.recurrence import Recurrence
from linod.store.kinds import Kinds
from linod.store.query import param
from linod.store.requests import Requests
from linod.tasks import SYSTEM_TASK, Task, TaskKey


class Edits(Requests, Kinds):
    """Edits of tasks, each a conditional or column-wise statement: a job that runs meanwhile undoes none."""

    def set_columns(self, key: TaskKey, values: Mapping[str, object]) -> tuple[Task, Task]:
        """Set some columns, and no others. After an edit of the schedule or of `disabled` the task is planned anew.

        values   columns of OPERABLE or of the kind's own, as text or as values.
        Returns  the task before and after; the same when every column had its value already: then nothing is written.
        Raises   NoSuchTask; BadValue for a value that does not fit its column or the rest of the row.
        """
        parsed = self.parsed(key.kind, values)
        with self.transaction():
            before = self.existing(key)
            changes = {name: value for name, value in parsed.items() if before.column(name) != value}
            if not changes:
                return before, before
            if changes.keys() & REPLANNING and changes.keys() != {"disabled"}:
                Recurrence.of(before.with_columns(changes))
            if changes.keys() & REPLANNING:
                changes |= {"next_due": None, "retried_job": None}
            if "disabled" in changes:
                changes["failed_job"] = None  # somebody has seen to it
            if changes.get("disabled") is False:
                changes["failures"] = 0
            names = tuple(sorted(changes))
            self._changed(_set, self.model(key.kind), names, id=key.id, **changes)
            return before, self.existing(key)

    def add(self, procedure: str, name: str, columns: Mapping[str, object], kind: str = SYSTEM_TASK) -> Task:
        """Add a task at the end of the list; it is planned with the next turn.

        columns  others of OPERABLE or of the kind's own, as text or as values.
        Raises   BadValue for a value that does not fit its column or the others, and for one that is missing.
        """
        if kind not in self.kinds:
            raise BadColumn("procedure", f"is for tasks of {kind}, for which there is no table here")
        parsed = self.parsed(kind, {"procedure": procedure, "name": name or procedure, **columns})
        model, own = self.model(kind), self.own_columns(kind)
        missing = [column for column in own if column not in parsed and not own[column].optional]
        if missing:
            raise BadColumn(missing[0], f"needs a value: a task of {kind} has none by itself")
        Recurrence.of(Task(kind, 0, 0, str(parsed["name"]), procedure).with_columns(parsed))
        with self.transaction():
            parsed.setdefault("seqno", (self._rows(_last_seqno, model)[0][0] or 0) + 1)
            names = tuple(sorted(parsed))
            return self.existing(TaskKey(kind, self._inserted(_insert, model, names, **parsed)))

    def parsed(self, kind: str, values: Mapping[str, object]) -> dict[str, object]:
        """Each value as its column holds it; raises BadValue for one that does not fit."""
        own = self.own_columns(kind)
        return {name: parse_column(name, value, own) for name, value in values.items()}

    def remove(self, key: TaskKey) -> bool:
        """Delete a task; its jobs stay in the ledger. Returns False when it was gone already."""
        return self._changed(_delete, self.model(key.kind), id=key.id) == 1


def _set(model: type[Runnable], names: tuple[str, ...]) -> Any:
    return model.update({name: param(name, model._meta.fields[name]) for name in names}).where(model.id == param("id"))


def _insert(model: type[Runnable], names: tuple[str, ...]) -> Any:
    return model.insert({name: param(name, model._meta.fields[name]) for name in names})


def _last_seqno(model: type[Runnable]) -> Any:
    return model.select(fn.MAX(model.seqno))


def _delete(model: type[Runnable]) -> Any:
    return model.delete().where(model.id == param("id"))
