"""The tables of the kinds of task that plugins define, as SQL of SQLite. They are made when the plugins are loaded, by
no numbered step; but each step acts on the tables that there are, and all steps make a new one."""

from collections.abc import Iterator, Sequence
from importlib import import_module

from linod.kinds import OwnColumn
from linod.migrations import STEPS

SQL_TYPES = {
    "text": "TEXT",
    "integer": "INTEGER",
    "boolean": "INTEGER",
    "number": "REAL",
    "date": "DATE",
    "time": "TIME",
    "moment": "DATETIME",
}


def make(kind: str, table: str, columns: Sequence[OwnColumn]) -> Iterator[str]:
    """Statements that make a kind's table, with the columns of every task and those of its own."""
    for step in STEPS.values():
        of_kind = getattr(import_module(step), "of_kind", None)
        if of_kind is not None:
            yield from of_kind(kind, table)
    yield from add(table, columns)


def add(table: str, columns: Sequence[OwnColumn]) -> Iterator[str]:
    """Statements that add columns of its own to a kind's table.

    columns  each with a default or with NULL allowed, unless the table has no rows.
    """
    for column in columns:
        yield f'ALTER TABLE "{table}" ADD COLUMN {_declared(column)}'


def _declared(column: OwnColumn) -> str:
    kind = SQL_TYPES[column.type] if column.length is None else f"VARCHAR({column.length})"
    words = [f'"{column.name}"', kind]
    if not column.null:
        words.append("NOT NULL")
    if column.default is not None:
        words += ["DEFAULT", _literal(column.default)]
    return " ".join(words)


def _literal(value: object) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(int(value)) if isinstance(value, bool) else repr(value)
