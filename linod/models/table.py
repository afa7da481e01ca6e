"""What all tables share: the database they belong to, and a `save()` that writes only what was changed."""

from copy import copy
from typing import Any

from peewee import DatabaseProxy, FieldAccessor, Model, ModelBase

from linod.errors import LinodError
from linod.models.objects import Objects

database = DatabaseProxy()
"""Bound by a program that works with instances of the models. The store does not need it: it has its own connection."""


class Detached(LinodError):
    """An instance that came to a procedure as a plain row was asked to write to the database."""


class TableBase(ModelBase):
    """Gives a model the fields of its bases. Peewee would make deep copies: of the 60 fields of a task in 2 ms, which
    each start of the daemon and each host would pay."""

    def __new__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any], **options: Any) -> Any:
        for base in bases:
            for key, value in vars(base).items():
                if isinstance(value, FieldAccessor) and not value.field.primary_key:
                    attrs.setdefault(key, copy(value.field))
        return super().__new__(cls, name, bases, attrs, **options)  # type: ignore[no-untyped-call]


class Table(Model, metaclass=TableBase):
    """A table whose instances write only changed columns, so that no `save()` undoes another's edit of other columns.

    Peewee's own record of dirty fields has every field that was assigned; here a field counts as changed only when its
    value differs from the one it had.
    """

    _dirty: set[str]  # Peewee keeps these two for each instance, and does not declare them
    _pk: Any

    objects = Objects()

    class Meta:
        database = database
        legacy_table_names = False

    def __setattr__(self, name: str, value: object) -> None:
        if name in self._meta.fields and name in self.__data__:
            self._were().setdefault(name, self.__data__[name])
        super().__setattr__(name, value)

    def _were(self) -> dict[str, Any]:
        """The values that fields had before they were assigned."""
        found: dict[str, Any] = self.__dict__.setdefault("_values_before", {})
        return found

    def changed_columns(self) -> set[str]:
        """Names of the columns whose values differ from those that were read or saved last."""
        were = self._were()
        return {name for name in self._dirty if name not in were or were[name] != self.__data__.get(name)}

    def unchanged(self, names: set[str] | None = None) -> None:
        """From now on, changes of these columns (of all when None) count from the present values."""
        for name in set(self._dirty) if names is None else names:
            self._dirty.discard(name)
            self._were().pop(name, None)

    def _write_also(self, name: str) -> None:
        """Let the next `save()` write this column, whatever its value was."""
        self._dirty.add(name)
        self._were().pop(name, None)

    def _check_attached(self) -> None:
        bound = self._meta.database
        if isinstance(bound, DatabaseProxy) and bound.obj is None:
            raise Detached(f"{self} is a copy of its row: it can be read here, but not saved")

    def save(self, force_insert: bool = False, only: Any = None) -> Any:
        """Insert a new row, or update the changed columns of an existing one. Returns the number of rows written."""
        self._check_attached()
        if force_insert or self._pk is None:
            saved = super().save(force_insert=force_insert, only=only)
            self.unchanged()
            return saved
        names = self.changed_columns()
        if only is not None:
            names &= {field if isinstance(field, str) else field.name for field in only}
        saved = super().save(only=[self._meta.fields[name] for name in names]) if names else 0
        self.unchanged(names)
        return saved
