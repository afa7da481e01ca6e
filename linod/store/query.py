"""Peewee queries compiled once, executed with new parameters: model calls cost a claim more than the disk does."""

from collections.abc import Mapping
from typing import Any

from peewee import Value

from linod.tuples import NamedTuple


class Parameter:
    """A place in a query that gets its value when it is executed. (No NamedTuple: Peewee takes tuples for lists.)

    field  whose column the value is for, None for a plain number or text.
    """

    def __init__(self, name: str, field: Any) -> None:
        self.name = name
        self.field = field

    def convert(self, value: object) -> object:
        return value if self.field is None else self.field.db_value(value)


def param(name: str, field: Any = None) -> Any:
    """A parameter for a Peewee query.

    field  converts the value as a column has it.
    """
    return Value(Parameter(name, field), converter=False)


class Compiled(NamedTuple):
    """SQL of one dialect, and what goes into its places."""

    sql: str
    places: tuple[object, ...]

    def parameters(self, values: Mapping[str, object]) -> tuple[object, ...]:
        """What to execute the SQL with."""
        return tuple(
            place.convert(values[place.name]) if isinstance(place, Parameter) else place for place in self.places
        )


def compile_query(db: Any, query: Any) -> Compiled:
    """Compile a query in the dialect of a Peewee database."""
    sql, places = db.get_sql_context().parse(query)
    return Compiled(sql, tuple(places))
