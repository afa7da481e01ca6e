"""All methods of the interface, bound to what they operate."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from linod.control import changing, following, looking, ordering, previewing, reloading, running, status
from linod.control.call import Call, Handler
from linod.control.interface import METHODS

if TYPE_CHECKING:
    from linod.control.operations import Operations

log = logging.getLogger("lino")

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
    "ShowJob": looking.show_job,
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
    "Reload": reloading.reload,
    "ListNames": looking.list_names,
}


def handlers(ops: Operations, *, log_each: bool = False) -> dict[str, Handler]:
    """Name -> handler, for a Server that operates `ops`.

    log_each  every call that operates the site is logged, with its parameters, also one that changes nothing.
    """
    bound: dict[str, Handler] = {name: partial(handler, ops) for name, handler in HANDLERS.items()}
    if log_each:
        bound |= {name: _logged(name, handler) for name, handler in bound.items() if METHODS[name].changes}
    return bound


def _logged(name: str, handler: Handler) -> Handler:
    async def logged(call: Call, **parameters: object) -> Mapping[str, object]:
        log.info("%s asked for %s %s", call.peer.name, name, json.dumps(parameters))
        return await handler(call, **parameters)

    return logged
