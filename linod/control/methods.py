"""All methods of the interface, bound to what they operate."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from linod.control import (
    changing,
    explaining,
    following,
    looking,
    ordering,
    previewing,
    reloading,
    running,
    status,
    users,
)
from linod.control.call import Handler

if TYPE_CHECKING:
    from linod.control.operations import Operations

HANDLERS: Mapping[str, Handler] = {
    "GetStatus": status.get_status,
    "ListTasks": looking.list_tasks,
    "ShowTask": looking.show_task,
    "RunNow": running.run_now,
    "CancelRun": running.cancel_run,
    "Enable": changing.enable,
    "Disable": changing.disable,
    "Kill": running.kill,
    "ListJobs": looking.list_jobs,
    "ShowJob": explaining.show_job,
    "ListChanges": looking.list_changes,
    "GetLog": following.get_log,
    "PreviewTask": previewing.preview_task,
    "GetCalendar": previewing.get_calendar,
    "ListProcedures": looking.list_procedures,
    "ListKinds": looking.list_kinds,
    "ListLogLevels": looking.list_log_levels,
    "SetTask": changing.set_task,
    "AddTask": changing.add_task,
    "RemoveTask": changing.remove_task,
    "MoveTask": ordering.move_task,
    "DuplicateTask": ordering.duplicate_task,
    "ListUsers": users.list_users,
    "AddUser": users.add_user,
    "SetUser": users.set_user,
    "Reload": reloading.reload,
    "ListNames": looking.list_names,
}


def handlers(ops: Operations) -> dict[str, Handler]:
    """Name -> handler, for a Server that operates `ops`."""
    return {name: partial(handler, ops) for name, handler in HANDLERS.items()}
