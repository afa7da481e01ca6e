"""The order of the tasks: moving one, and putting a copy of one behind it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from linod.models import Runnable
from linod.models.runnable import NAME_LENGTH, NOT_COPIED
from linod.store.edits import Edits
from linod.store.query import param
from linod.tasks import Task, TaskKey

if TYPE_CHECKING:
    from linod.ordering import Numbered


class Ordering(Edits):
    """What operators do to the numbers of tasks. Each kind of task is a list of its own."""

    def move(self, key: TaskKey, by: int) -> tuple[int, Task]:
        """Move a task in its list, and number all of them 1, 2, 3, ... anew.

        by       places: up when negative, down when positive; the ends of the list stop it.
        Returns  its number before, had they been 1, 2, 3, ... already, and the task as it is now; the number that it
                 has when it stays where it is: then nothing is written.
        Raises   NoSuchTask.
        """
        from linod.ordering import places

        with self.transaction():
            task = self.existing(key)
            rows = self._numbers(key.kind)
            before, after = places(rows, key.id, by)
            if before == after:
                return task.seqno, task
            self._renumber(key, after, rows)
            return before + 1, self.existing(key)

    def duplicate(self, key: TaskKey, columns: Mapping[str, object]) -> Task:
        """Put a copy of a task directly behind it: of what operators set and of its kind's own columns.

        columns  in the place of those of the original, as `set_columns` takes them; a name of its own, unless given.
        Returns  the copy: a task that never ran, has no request, and is planned with the next turn.
        Raises   NoSuchTask, BadValue.
        """
        from linod.ordering import copy_name

        with self.transaction():
            original = self.existing(key)
            model = self.model(key.kind)
            names = tuple(sorted(model._meta.fields.keys() - NOT_COPIED))
            values = dict(zip(names, self._rows(_columns, model, names, id=key.id)[0], strict=True))
            copy = TaskKey(key.kind, self._inserted(_insert, model, names, **values))
            rows = self._numbers(key.kind)
            self._renumber(copy, [one for one, _ in rows].index(key.id) + 1, rows)
            given = {"name": copy_name(original.name, NAME_LENGTH, self.find), **columns}
            return self.set_columns(copy, given)[1]

    def _numbers(self, kind: str) -> "list[Numbered]":
        return [(row[0], row[1]) for row in self._rows(_numbers, self.model(kind))]

    def _renumber(self, key: TaskKey, place: int, rows: "list[Numbered]") -> None:
        from linod.ordering import renumbered

        for one, number in renumbered(rows, key.id, place).items():
            self._changed(_number, self.model(key.kind), id=one, number=number)


def _numbers(model: type[Runnable]) -> Any:
    return model.select(model.id, model.seqno).order_by(model.seqno, model.id)


def _number(model: type[Runnable]) -> Any:
    return model.update(seqno=param("number")).where(model.id == param("id"))


def _columns(model: type[Runnable], names: tuple[str, ...]) -> Any:
    return model.select(*(model._meta.fields[name] for name in names)).where(model.id == param("id"))


def _insert(model: type[Runnable], names: tuple[str, ...]) -> Any:
    # As they are stored, so no value passes through a field; the others have the defaults of the model.
    return model.insert({name: param(name) for name in names})
