"""The window of the day: a slot that passed and whose window has closed is missed. Runs in the database thread."""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from linod.errors import LinodError
from linod.recurrence import Recurrence, plan
from linod.store import Store
from linod.tasks import NOTHING_TO_PLAN, Task, label

log = logging.getLogger("lino")

PUNCTUAL = timedelta(seconds=10)
"""A slot claimed so soon starts whatever the window says: one at its very end is claimed some milliseconds later."""


def due_in_window(store: Store, now: datetime, limit: int, procedures: Collection[str], zone: ZoneInfo) -> list[Task]:
    """What `store.due` gives, without the tasks that may not start now; those are planned anew.

    They fell due while linod was down or no job slot was free. A request runs whatever the window says, so a task with
    one is left as it is.
    """
    tasks = store.due(now, limit, procedures)
    closed = [task for task in tasks if is_closed(task, now, zone)]
    if not closed:
        return tasks
    with store.transaction():
        for task in closed:
            _miss(store, task, now, zone)
    return [task for task in store.due(now, limit, procedures) if not is_closed(task, now, zone)]


def is_closed(task: Task, now: datetime, zone: ZoneInfo) -> bool:
    """Whether the slot of a task that is due came, and its window closed, before anybody could start it."""
    if task.end_time is None or task.requested_at is not None or task.next_due is None:
        return False
    if now - task.next_due <= PUNCTUAL:
        return False
    try:
        return not Recurrence.of(task).may_start(now, zone)
    except LinodError:  # other software wrote this row: it is refused when it is planned
        return False


def _miss(store: Store, task: Task, now: datetime, zone: ZoneInfo) -> None:
    try:
        next_due = plan(task, now, zone)
    except LinodError:
        next_due = NOTHING_TO_PLAN
    assert task.next_due is not None
    local = task.next_due.astimezone(zone)
    begin = f"{task.start_time:%H:%M}" if task.start_time else "00:00"
    text = f"Missed its slot of {local:%d.%m.%Y %H:%M:%S %Z}: it may start from {begin} to {task.end_time:%H:%M} only"
    if store.miss(task, next_due, now, text):
        log.warning("%s: %s", label(task), text)
