"""Rows as SQLite gives them, as plain values."""

from collections.abc import Callable
from functools import cache
from typing import Any

from peewee import SQL, BooleanField

from linod import models
from linod.jobs import Job, State
from linod.models.fields import Converted
from linod.models.rows import JOB_COLUMNS, TASK_COLUMNS
from linod.models.runnable import Runnable, own_columns
from linod.tasks import Task

TEXT_LIMIT = 64 * 1024
"""Characters of a text that a procedure decides about; of a longer one the end is kept, where a traceback says most."""


def task_columns(model: type[Runnable]) -> Any:
    """What to SELECT for `task_value`: the whole row."""
    return _columns((*TASK_COLUMNS, *own_columns(model)))


def job_columns() -> Any:
    """What to SELECT for `job_value`."""
    return _columns(JOB_COLUMNS)


def _columns(names: tuple[str, ...]) -> Any:
    # One text: 40 fields take Peewee 0.5 ms in each of the queries that a start compiles.
    return SQL(", ".join(f'"{name}"' for name in names))


def task_value(model: type[Runnable], row: tuple[Any, ...]) -> Task:
    own = own_columns(model)
    values = list(row)
    for place, convert in _conversions(model, (*TASK_COLUMNS, *own)):
        if values[place] is not None:
            values[place] = convert(values[place])
    if own:
        found = Task(model.kind, *values[: -len(own)])
        return found._replace(own=dict(zip(own, values[-len(own) :], strict=True)))
    return Task(model.kind, *values)


def job_value(row: tuple[Any, ...]) -> Job:
    values = list(row)
    for place, convert in _conversions(models.Job, JOB_COLUMNS):
        if values[place] is not None:
            values[place] = convert(values[place])
    return Job(*values)


@cache
def _conversions(model: type[models.Table], columns: tuple[str, ...]) -> list[tuple[int, Callable[[Any], Any]]]:
    """The columns whose stored form is not their value: their places, and what converts them."""
    found: list[tuple[int, Callable[[Any], Any]]] = []
    for place, name in enumerate(columns):
        field = model._meta.fields[name]
        if isinstance(field, Converted):
            found.append((place, field.from_column))
        elif isinstance(field, BooleanField):
            found.append((place, bool))
        elif name == "state":
            found.append((place, State))
    return found


def storable(text: str) -> str:
    """A text that any database takes, whatever a procedure has put into it: no halves of surrogate pairs, limited."""
    return text[-TEXT_LIMIT:].encode(errors="replace").decode()
