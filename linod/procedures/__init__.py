"""The code that tasks run: how plugins register it, and what was registered.

A bad procedure never raises where it is written, or one mistake would take the other procedures of its plugin away: it
is registered with its `problem`, listed with it, and never run.

The daemon needs `Procedure` alone, so the names below are loaded when they are first asked for.
"""

from typing import TYPE_CHECKING

from linod.lazy import names_of

if TYPE_CHECKING:
    from linod.procedures.decorators import at_job_start, background_task, schedule_daily, schedule_often
    from linod.procedures.procedure import Procedure
    from linod.procedures.registry import Procedures, procedures

__all__ = [
    "Procedure",
    "Procedures",
    "at_job_start",
    "background_task",
    "procedures",
    "schedule_daily",
    "schedule_often",
]

__getattr__ = names_of(
    __name__,
    {
        "Procedure": "procedure",
        "Procedures": "registry",
        "at_job_start": "decorators",
        "background_task": "decorators",
        "procedures": "registry",
        "schedule_daily": "decorators",
        "schedule_often": "decorators",
    },
)
