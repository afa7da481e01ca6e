"""A kind of task as a plugin defines it: its table, and the columns that it has beside those of every task. Pure."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from linod.errors import BadValue, LinodError
from linod.tasks import SYSTEM_TASK
from linod.tuples import NamedTuple

TYPES = ("text", "integer", "boolean", "number", "date", "time", "moment")
"""What a column of a kind may hold. A date or a time of the day is in no zone, a moment in UTC."""

SHOWN = ("seqno", "name", "disabled", "when", "status")
"""The columns of a kind's table for people, unless its class says otherwise: those of the page's invoicing tasks."""

NAME = re.compile(r"[A-Za-z_]\w*\.[A-Za-z_]\w*", re.ASCII)
WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class KindRefused(LinodError):
    """A kind of task cannot be used as its plugin defines it; other kinds are not concerned."""


class OwnColumn(NamedTuple):
    """One column of a kind's own.

    type     one of TYPES.
    length   of a text; None: any.
    null     whether it may be empty.
    default  of a new row, as JSON has it; None when there is none.
    """

    name: str
    type: str
    length: int | None = None
    null: bool = False
    default: object = None

    def __str__(self) -> str:
        size = "" if self.length is None else f"({self.length})"
        return f"{self.name} {self.type}{size}{' null' if self.null else ''}"

    @property
    def optional(self) -> bool:
        """A row may be made without naming it."""
        return self.null or self.default is not None


class Kind(NamedTuple):
    """A kind of task.

    name     how it is called in the ledger and by people: "invoicing.Task".
    table    in linod's database.
    plugin   that defined it; `file` and `line` say where.
    columns  of its own.
    shown    columns of its table for people, in order: SHOWN and others of the task's, `columns` among them.
    problem  why its tasks cannot run: "FILE:LINE: ..."; "" when they can.
    """

    name: str
    table: str
    plugin: str = ""
    columns: tuple[OwnColumn, ...] = ()
    shown: tuple[str, ...] = SHOWN
    file: str = ""
    line: int = 0
    problem: str = ""

    def to_wire(self) -> dict[str, object]:
        """As plain JSON."""
        columns = [list(column) for column in self.columns]
        return {**self._asdict(), "columns": columns, "shown": list(self.shown)}

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> "Kind":
        """What `to_wire` wrote.

        Raises  KeyError, TypeError, ValueError for what is no kind: its names go into SQL.
        """
        columns = tuple(OwnColumn(*column) for column in wire["columns"])
        kind = cls(
            name=str(wire["name"]),
            table=str(wire["table"]),
            plugin=str(wire["plugin"]),
            columns=columns,
            shown=tuple(map(str, wire["shown"])),
            file=str(wire["file"]),
            line=int(wire["line"]),
            problem=str(wire["problem"]),
        )
        if kind.problem:  # it may be its names
            return kind
        words = [kind.table, *(column.name for column in columns)]
        if not NAME.fullmatch(kind.name) or not all(map(WORD.fullmatch, words)):
            raise ValueError(f"{kind.name!r} or one of {words} is no name")
        if any(column.type not in TYPES for column in columns):
            raise ValueError(f"{kind.name}: a column of an unknown type")
        return kind

    @property
    def where(self) -> str:
        """Where it is defined, for errors."""
        return f"{self.file}:{self.line}" if self.file else f"plugin {self.plugin}"

    @property
    def definition(self) -> tuple[object, ...]:
        """What of it is remembered, and makes it another when it changes."""
        return self.table, self.plugin, self.columns, self.shown


def columns_to_add(before: Kind, now: Kind) -> tuple[OwnColumn, ...]:
    """The columns that a kind has got since its table was made: those are all that may change.

    Raises  KindRefused, naming both definitions, when anything else has: a column is neither altered nor dropped.
    """
    if before.table != now.table:
        raise KindRefused(f"its table was {before.table} and is {now.table} now; keep the first")
    known = {column.name: column for column in before.columns}
    new = [column for column in now.columns if column.name not in known]
    for column in now.columns:
        was = known.get(column.name, column)
        if (was.type, was.length, was.null) != (column.type, column.length, column.null):
            raise KindRefused(_other(before, now, was, f"is {_described(column)} now"))
    for column in new:
        if not column.optional:
            raise KindRefused(
                f"its new column {column.name} has no value in the rows that are there; give it null=True or a default"
            )
    for was in before.columns:
        if was.name not in {column.name for column in now.columns} and not was.optional:
            raise KindRefused(_other(before, now, was, "is not defined now, though each row needs a value"))
    return tuple(new)


def table_columns(before: Kind | None, now: Kind) -> tuple[OwnColumn, ...]:
    """The columns of its own that a kind's table then has: one that is not defined any more stays."""
    names = {column.name for column in now.columns}
    return (*now.columns, *(column for column in (before.columns if before else ()) if column.name not in names))


def problem_of(kind: Kind, reason: object) -> str:
    """What a kind's `problem` says."""
    return f"{kind.where}: kind of task {kind.name}: {reason}"


def check_names(kind: str, table: str, columns: Sequence[str], taken: Collection[str]) -> None:
    """Raise BadValue for names that cannot be used.

    taken  columns of every task.
    """
    if not NAME.fullmatch(kind) or kind == SYSTEM_TASK:
        raise BadValue(f"{kind!r} is no name for a kind; one is such as 'invoicing.Task'")
    if not WORD.fullmatch(table) or table.lower().startswith(("linod_", "sqlite_")):
        raise BadValue(f"its table cannot be called {table!r}")
    both = sorted({column.lower() for column in columns} & {*taken, "kind", "own"})
    if both:
        raise BadValue(f"every task has a column {both[0]} already; call its own otherwise")


def _other(before: Kind, now: Kind, was: OwnColumn, what: str) -> str:
    return (
        f"its column {was.name} was {_described(was)} when plugin {before.plugin} made the table {before.table}, and "
        f"{what}, in {now.where}; keep it as it was, and define another column"
    )


def _described(column: OwnColumn) -> str:
    return str(column).partition(" ")[2]
