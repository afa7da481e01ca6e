"""Requests that a program of the site makes on an instance: what the store does for linod-ctl, through the models.

The daemon sees them when it looks at the database next, within `background_sleep_time`.
"""

from typing import TYPE_CHECKING, Any

from linod.clock import SystemClock
from linod.jobs import State
from linod.models.ledger import Job

if TYPE_CHECKING:
    from linod.models.runnable import Runnable

COLUMNS = ("requested_at", "requested_by", "requested_log_level")


def request(task: "Runnable", by: str) -> bool:
    """Ask for the task to run as soon as possible. False when a request waits already, which stays as it is."""
    model: Any = type(task)
    values = {"requested_at": SystemClock().now(), "requested_by": by or user_name(), "requested_log_level": None}
    changed = model.update(values).where(model.id == task._pk, model.requested_at.is_null()).execute()
    _reread(task)
    return bool(changed)


def withdraw(task: "Runnable", by: str) -> bool:
    """Take back a waiting request, and enter it in the ledger as cancelled. False when none waits any more."""
    model: Any = type(task)
    with model._meta.database.atomic("IMMEDIATE"):
        _reread(task)
        if task.requested_at is None:
            return False
        now = SystemClock().now()
        Job.insert(
            kind=task.kind,
            task_id=task._pk,
            task_name=task.name,
            procedure=task.procedure.name,
            state=State.CANCELLED.value,
            requested_at=task.requested_at,
            requested_by=task.requested_by,
            log_level=task.requested_log_level or task.log_level,
            node="",
            boot_id="",
            claimed_at=now,
            ended_at=now,
            message=f"The request was cancelled by {by or user_name()}",
        ).execute()
        model.update(dict.fromkeys(COLUMNS)).where(model.id == task._pk).execute()
    _reread(task)
    return True


def user_name() -> str:
    """The operating system's user that this process runs as."""
    import os
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _reread(task: "Runnable") -> None:
    """Let the instance show the request as it stands in the row, and keep what else was assigned to it."""
    model: Any = type(task)
    row = model.select(*(model._meta.fields[name] for name in COLUMNS)).where(model.id == task._pk).dicts().first()
    if row is None:
        raise model.DoesNotExist(f"{task} is gone")
    for name in COLUMNS:
        setattr(task, name, row[name])
    task.unchanged(set(COLUMNS))
