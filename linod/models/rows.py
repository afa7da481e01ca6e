"""Rows as plain values, as JSON for a child, and as detached instances in that child."""

from datetime import date, datetime, time
from enum import Enum

from peewee import DateField, TimeField

from linod.jobs import Job
from linod.models.fields import Converted, MomentField, moment_text, parse_moment
from linod.models.runnable import Runnable, kind_model
from linod.tasks import Task

TASK_COLUMNS = tuple(name for name in Task._fields if name not in ("kind", "own"))
JOB_COLUMNS = Job._fields


def json_value(value: object) -> object:
    """A column's value as JSON has it: moments in RFC 3339, days and times of the day in ISO 8601."""
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def task_row(task: Task) -> dict[str, object]:
    """The row of a task and its kind, safe for JSON; columns of the kind's own stand among the others. Those of each
    task that are empty are left out: most are, and a job would spend more on their names than on the rest."""
    columns = zip(TASK_COLUMNS, task[1:-1], strict=True)  # without `kind` and `own`, the first and the last
    row = {"kind": task.kind, **{name: json_value(value) for name, value in columns if value is not None}}
    return row | {name: json_value(value) for name, value in task.own.items()}


def job_row(job: Job) -> dict[str, object]:
    """The row of a job, safe for JSON."""
    return {name: json_value(getattr(job, name)) for name in JOB_COLUMNS}


def detached(kind: str, row: dict[str, object]) -> Runnable:
    """An instance of the kind's model made from its row in JSON: it can be read, not saved, and needs no database.

    Columns that the model does not have are left out: the site may have another linod than the daemon.
    Raises  KeyError for an unknown kind.
    """
    model = kind_model(kind)
    fields = model._meta.fields
    values: dict[str, object] = {name: None for name in TASK_COLUMNS if name in fields and fields[name].null}
    for name, value in row.items():
        field = fields.get(name)
        if isinstance(field, MomentField) and isinstance(value, str):
            values[name] = parse_moment(value)
        elif isinstance(field, Converted | DateField | TimeField):
            values[name] = field.python_value(value)
        elif field is not None:
            values[name] = value
    instance = model(**values)
    instance.unchanged()
    return instance


def task_of(instance: Runnable) -> Task:
    """The plain value of an instance."""
    values = instance.__data__
    own = {name: values.get(name) for name in instance._meta.sorted_field_names if name not in TASK_COLUMNS}
    return Task(kind=instance.kind, **{name: values.get(name) for name in TASK_COLUMNS}, own=own)
