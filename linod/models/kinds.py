"""The kinds of task that plugins define as subclasses of `Runnable`: known here, described for the daemon, built anew
there."""

import sys
from collections.abc import Callable, Collection
from datetime import date, time
from functools import cache
from typing import Any

from peewee import (
    BigIntegerField,
    BooleanField,
    CharField,
    DateField,
    DoubleField,
    Field,
    FloatField,
    IntegerField,
    SmallIntegerField,
    TextField,
    TimeField,
)

from linod.errors import BadValue, near
from linod.kinds import SHOWN, Kind, OwnColumn, check_names, problem_of
from linod.models.fields import DayField, MomentField, WallTimeField
from linod.models.runnable import EVERY_TASK, KINDS, Runnable, SystemTask, kinds_defined

TYPES: dict[type[Field], str] = {
    CharField: "text",
    TextField: "text",
    IntegerField: "integer",
    BigIntegerField: "integer",
    SmallIntegerField: "integer",
    BooleanField: "boolean",
    FloatField: "number",
    DoubleField: "number",
    DayField: "date",
    DateField: "date",
    WallTimeField: "time",
    TimeField: "time",
    MomentField: "moment",
}
"""Exactly these classes: of a subclass nobody knows here what it makes of a value."""

FIELDS: dict[str, Callable[..., Field]] = {
    "text": TextField,
    "integer": IntegerField,
    "boolean": BooleanField,
    "number": FloatField,
    "date": DayField,
    "time": WallTimeField,
    "moment": MomentField,
}

COMPUTED = ("when", "status", "label", "problem")
"""What a task shows that no column holds."""


def site_kinds(plugin_of: Callable[[type], str]) -> list[Kind]:
    """The kinds that plugins have defined in this process, in order; those that cannot be used have a `problem`.

    plugin_of  the plugin that a class belongs to.
    """
    found: dict[str, Kind] = {}
    for model in kinds_defined():
        kind = _described(model, plugin_of(model))
        first = found.get(kind.name)
        if first is not None:
            reason = f"{first.where} has defined a kind of this name before; rename one of the two classes"
            kind = kind._replace(name=f"{kind.name} ({kind.plugin}:{kind.line})", problem=problem_of(kind, reason))
        found[kind.name] = kind
    return list(found.values())


def own_run(name: str) -> bool:
    """Whether the tasks of a kind have a `run(ar)` of their own, which is called in the place of the procedure."""
    return getattr(KINDS.get(name), "run", None) is not getattr(Runnable, "run", None)


def why_no_kind(name: str, kinds: Collection[Kind]) -> str:
    """Why there can be no task of a kind that a procedure names as its `class_name`; "" when there can."""
    if name == SystemTask.kind:
        return ""
    for kind in kinds:
        if kind.name == name:
            return f"its kind of task, {name}, cannot be used: {kind.problem}" if kind.problem else ""
    known = [SystemTask.kind, *(kind.name for kind in kinds)]
    return f"class_name={name!r}: no plugin defines such a kind of task; {near(name, known, _listed(known))}"


@cache
def _stored() -> type[Runnable]:
    class StoredKind(Runnable):
        """Base of the models that the store builds: what stands in its database, and not what a plugin defines. Made
        when it is needed: few sites have such a kind."""

        kind = ""

        @classmethod
        def validate_model(cls) -> None:
            """This process does not know the kind by it."""

    return StoredKind


def stored_model(kind: Kind) -> type[Runnable]:
    """The model of a kind's table, without the plugin that defines it."""

    class Meta:
        table_name = kind.table

    fields = {column.name: _field(column) for column in kind.columns}
    return type(kind.name.replace(".", "_"), (_stored(),), {"kind": kind.name, "Meta": Meta, **fields})


def _described(model: type[Runnable], plugin: str) -> Kind:
    file, line = _place(model)
    kind = Kind(model.kind, model._meta.table_name, plugin, file=file, line=line)
    try:
        fields = [field for name, field in model._meta.fields.items() if name not in EVERY_TASK]
        check_names(kind.name, kind.table, [field.name for field in fields], COMPUTED)
        _check_shadowed(model)
        kind = kind._replace(columns=tuple(map(_column, fields)))
        return kind._replace(shown=_shown(model, kind))
    except BadValue as error:
        return kind._replace(columns=(), problem=problem_of(kind, error))


def _check_shadowed(model: type[Runnable]) -> None:
    """A class may not define anew what every task has."""
    for name in EVERY_TASK:
        if _form(model._meta.fields[name]) != _form(Runnable._meta.fields[name]):
            raise BadValue(f"every task has a column {name} already; call its own otherwise")


def _form(field: Any) -> tuple[object, ...]:
    return type(field), field.null, field.column_name, getattr(field, "max_length", None)


def _shown(model: type[Runnable], kind: Kind) -> tuple[str, ...]:
    known = (*EVERY_TASK, *COMPUTED, *(column.name for column in kind.columns))
    names = tuple(model.column_names.split()) or SHOWN
    for name in names:
        if name not in known:
            raise BadValue(f"column_names: there is no column {name!r}; {near(name, known, _listed(known))}")
    return names


def _column(field: Any) -> OwnColumn:
    kind = TYPES.get(type(field))
    if kind is None or field.column_name != field.name:
        allowed = ", ".join(dict.fromkeys(one.__name__ for one in TYPES))
        raise BadValue(f"column {field.name} is a {type(field).__name__}; one of a kind's own is a {allowed}")
    length = getattr(field, "max_length", None) if kind == "text" else None
    default = field.default
    if callable(default):
        raise BadValue(f"column {field.name}: its default is a function, which linod does not call; give a value")
    if isinstance(default, date | time):
        default = default.isoformat()
    if default is not None and not isinstance(default, bool | int | float | str):
        raise BadValue(f"column {field.name}: its default {default!r} is no text, number, date or time of the day")
    return OwnColumn(field.name, kind, length, bool(field.null), default)


def _field(column: OwnColumn) -> Field:
    default: Any = column.default
    if column.default is not None and column.type in ("date", "time"):
        default = (date if column.type == "date" else time).fromisoformat(str(column.default))
    given: dict[str, Any] = {"null": column.null, "default": default}
    if column.length is not None:
        return CharField(column.length, **given)
    return FIELDS[column.type](**given)


def _place(model: type) -> tuple[str, int]:
    """File and line of a class; ("", 0) when it comes from no file."""
    file = getattr(sys.modules.get(model.__module__), "__file__", None) or ""
    try:
        with open(file) as source:  # noqa: PTH123 - pathlib costs the host 5 ms
            lines = [number for number, line in enumerate(source, 1) if f"class {model.__name__}(" in line]
    except (OSError, UnicodeDecodeError):
        return file, 0
    return file, min(lines, default=0)


def _listed(names: Collection[str]) -> str:
    return f"known are {', '.join(names)}"
