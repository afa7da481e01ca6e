"""Lists of tasks, page by page: from where the page before ended, never by an offset, which reads all before it.

A page costs the same wherever it is. What is asked for decides which index is read, and so the order; what else is
asked for is looked at row by row, no more than LOOKED_AT rows at a time: a page may then have few tasks, or none, and
the list goes on all the same.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from peewee import Select

from linod.errors import near
from linod.lists import ALL, BadList, Page, Place, Values, Wanted, bad_place, place_text
from linod.models import Runnable
from linod.store.connection import Connection
from linod.store.query import param
from linod.store.rows import task_columns, task_value
from linod.store.tasks import LONG_AGO
from linod.tasks import Task
from linod.tuples import NamedTuple

LOOKED_AT = 2000
"""Rows that are looked at for one page: some 3 ms."""


class Listing(Connection):
    """Reading many tasks."""

    def list_tasks(self, limit: int, wanted: Wanted = ALL, after: Place | None = None) -> Page:
        """One page, of `limit` tasks at most, and `after` the end of the page before.

        Tasks come by number; those of a pattern that begins with letters by name, those of a procedure by id, and what
        runs, is requested, failed or is overdue by its job, request, last job or slot. One kind after the other.
        Raises  BadList when there is no such kind, or `after` is no place of this list.
        """
        if wanted.kind is not None and wanted.kind not in self.kinds:
            known = near(wanted.kind, self.kinds, "they are " + ", ".join(self.kinds))
            raise BadList("kind", f"there is no kind of task {wanted.kind!r}; {known}")
        kinds = [kind for kind in self.kinds if wanted.kind in (None, kind)]
        if after is not None:
            if after.kind not in kinds or len(after.values) != len(ORDERS[_index_of(wanted)].columns) + 1:
                raise bad_place(place_text(after))
            kinds = kinds[kinds.index(after.kind) :]
        found: list[Task] = []
        for kind in kinds:
            values = after.values if after is not None and after.kind == kind else ()
            tasks, end = self._of_kind(kind, wanted, values, limit - len(found))
            found += tasks
            if end:
                return Page(found, Place(kind, end))
        return Page(found, None)

    def place_of(self, task: Task, wanted: Wanted) -> Place:
        """Where a page of these would end with a task."""
        return Place(task.kind, _values(self.model(task.kind), (*ORDERS[_index_of(wanted)].columns, "id"), task))

    def _of_kind(self, kind: str, wanted: Wanted, after: Values, limit: int) -> tuple[list[Task], Values]:
        """Tasks of one kind, and where they end, unless there are no more."""
        model, by, rest = self.model(kind), _index_of(wanted), _rest_of(wanted)
        names = (*ORDERS[by].columns, "id")
        values = _parameters(wanted) | {f"after_{name}": value for name, value in zip(names, after, strict=False)}
        found: list[Task] = []
        # (a, b) > (1, 2) is a = 1 and b > 2, then a > 1: SQLite reads an index for each of the two, but not for both.
        for place in range(len(names) - 1, -1, -1) if after else (-1,):
            room = limit - len(found)
            rows = self._rows(_page, model, by, place, rest, limit=room + 1, looked_at=LOOKED_AT, **values)
            found += [task_value(model, row) for row in rows[:room]]
            if len(rows) > room:
                return found, _values(model, names, found[-1]) if found else after
            if rest and (last := self._rows(_last, model, by, place, skipped=LOOKED_AT - 1, **values)):
                return found, last[0]
        return found, ()


def _values(model: type[Runnable], names: tuple[str, ...], task: Task) -> Values:
    return tuple(model._meta.fields[name].db_value(getattr(task, name)) for name in names)


def _index_of(wanted: Wanted) -> str:
    """Which index leads to the fewest tasks."""
    if wanted.pattern is not None and _prefix(wanted.pattern):
        return "name"
    if wanted.status is not None and wanted.status.value in ORDERS:
        return wanted.status.value
    return "procedure" if wanted.procedure is not None else "number"


def _rest_of(wanted: Wanted) -> frozenset[str]:
    """What is asked for beside what the index gives."""
    asked = {"pattern": wanted.pattern, "procedure": wanted.procedure}
    names = {name for name, value in asked.items() if value is not None}
    by = _index_of(wanted)
    if by == "name" and wanted.pattern == _prefix(wanted.pattern or "") + "*":
        names.discard("pattern")
    return frozenset((names | ({wanted.status.value} if wanted.status else set())) - {by})


def _prefix(pattern: str) -> str:
    return re.split(r"[*?\[]", pattern, maxsplit=1)[0]


def _parameters(wanted: Wanted) -> dict[str, object]:
    pattern = wanted.pattern or ""
    prefix = _prefix(pattern)
    return {
        "pattern": pattern.replace("[!", "[^"),  # as SQLite's GLOB has it
        "low": prefix,
        "high": prefix + ("\0" if prefix == pattern else "\U0010ffff"),
        "procedure": wanted.procedure,
        "overdue": wanted.overdue,
        "long_ago": LONG_AGO,
    }


# The queries. `row` is the model, or a subquery with the columns that conditions need.

LOOKED = ("name", "procedure", "disabled", "job_id", "requested_at", "failed_job", "next_due")

Conditions = Callable[[Any, type[Runnable]], list[Any]]


class Order(NamedTuple):
    """An index to read along.

    columns  that order its rows, where `same` holds; the id comes after them.
    within   the part of it that is read, by the first of the columns.
    """

    columns: tuple[str, ...]
    same: Conditions
    within: Conditions


def _nothing(row: Any, model: type[Runnable]) -> list[Any]:
    return []


ORDERS: Mapping[str, Order] = {
    "number": Order(("seqno",), _nothing, _nothing),
    "name": Order(("name",), _nothing, lambda row, model: [row.name >= param("low"), row.name < param("high")]),
    "procedure": Order((), lambda row, model: [row.procedure == param("procedure")], _nothing),
    "running": Order(("job_id",), _nothing, lambda row, model: [row.job_id > 0]),
    "requested": Order(
        ("requested_at",),
        lambda row, model: [row.job_id.is_null()],
        lambda row, model: [row.requested_at > param("long_ago", model.requested_at)],
    ),
    "failed": Order(("failed_job",), lambda row, model: [row.disabled > 0], lambda row, model: [row.failed_job > 0]),
    "overdue": Order(
        ("next_due", "seqno"),
        lambda row, model: [row.disabled == 0, row.job_id.is_null()],
        lambda row, model: [row.next_due <= param("overdue", model.next_due)],
    ),
}

OTHERS: Mapping[str, Conditions] = {
    "pattern": lambda row, model: [row.name % param("pattern")],
    "enabled": lambda row, model: [row.disabled == 0],
    "disabled": lambda row, model: [row.disabled > 0],
}
"""Conditions that have no index."""


def _conditions(name: str, row: Any, model: type[Runnable]) -> list[Any]:
    if name in OTHERS:
        return OTHERS[name](row, model)
    return [*ORDERS[name].same(row, model), *ORDERS[name].within(row, model)]


def _behind(query: Any, model: type[Runnable], by: str, place: int) -> Any:
    """Rows behind a place, in order: those that are the same as it in the first `place` columns. -1: all rows."""
    columns = [getattr(model, name) for name in (*ORDERS[by].columns, "id")]
    after = [param(f"after_{column.name}") for column in columns]
    conditions = ORDERS[by].same(model, model)
    # Not beside an equality: SQLite with statistics (ANALYZE) may take the wider one of the two.
    conditions += ORDERS[by].within(model, model) if place < 1 else []
    conditions += [column == value for column, value in zip(columns[: max(0, place)], after, strict=False)]
    conditions += [columns[place] > after[place]] if place >= 0 else []
    return (query.where(*conditions) if conditions else query).order_by(*columns)


def _page(model: type[Runnable], by: str, place: int, rest: frozenset[str]) -> Any:
    if not rest:
        return _behind(model.select(task_columns(model)), model, by, place).limit(param("limit"))
    names = dict.fromkeys(("id", *ORDERS[by].columns, *LOOKED))
    looked = _behind(model.select(*(getattr(model, name) for name in names)), model, by, place)
    row = looked.limit(param("looked_at")).alias("looked")
    conditions = [one for name in sorted(rest) for one in _conditions(name, row.c, model)]
    order = [getattr(row.c, name) for name in (*ORDERS[by].columns, "id")]
    ids = Select([row], [row.c.id]).where(*conditions).order_by(*order).limit(param("limit"))
    columns = [getattr(model, name) for name in (*ORDERS[by].columns, "id")]
    return model.select(task_columns(model)).where(model.id.in_(ids)).order_by(*columns)


def _last(model: type[Runnable], by: str, place: int) -> Any:
    """The last row that was looked at, if others follow."""
    columns = [getattr(model, name) for name in (*ORDERS[by].columns, "id")]
    return _behind(model.select(*columns), model, by, place).limit(1).offset(param("skipped"))
