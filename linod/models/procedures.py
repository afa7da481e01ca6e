"""The column that names a procedure: text in the database, a `Procedure` on an instance."""

from typing import TYPE_CHECKING, Any

from peewee import CharField, FieldAccessor

if TYPE_CHECKING:
    from linod.procedures import Procedure


class _Accessor(FieldAccessor):
    def __get__(self, instance: Any, instance_type: Any = None) -> Any:
        value = super().__get__(instance, instance_type)  # type: ignore[no-untyped-call]
        return procedure_named(value) if isinstance(value, str) else value

    def __set__(self, instance: Any, value: object) -> None:
        super().__set__(instance, _name(value))


class ProcedureField(CharField):
    """Takes a `Procedure` or its name, in assignments and in conditions; gives the `Procedure`."""

    accessor_class = _Accessor

    __hash__ = CharField.__hash__

    # A Procedure is a tuple, and Peewee takes tuples for lists of values.

    def __eq__(self, value: object) -> Any:
        return super().__eq__(_name(value))

    def __ne__(self, value: object) -> Any:
        return super().__ne__(_name(value))

    def db_value(self, value: object) -> Any:
        return super().db_value(_name(value))  # type: ignore[no-untyped-call]


def procedure_named(name: str) -> "Procedure":
    """What this process has registered under the name; else one that is known by its name only, and cannot run here."""
    from linod.procedures import Procedure, procedures

    return procedures.get(name) or Procedure(name, "")


def _name(value: object) -> object:
    return value if value is None or isinstance(value, str) else getattr(value, "name", value)
