"""The code that tasks run: how plugins register it, and what was registered.

A bad procedure never raises where it is written, or one mistake would take the other procedures of its plugin away: it
is registered with its `problem`, listed with it, and never run.

The daemon needs `Procedure` alone, so the names below are loaded when they are first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

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

_HOME = {
    "Procedure": "procedure",
    "Procedures": "registry",
    "at_job_start": "decorators",
    "background_task": "decorators",
    "procedures": "registry",
    "schedule_daily": "decorators",
    "schedule_often": "decorators",
}


def __getattr__(name: str) -> object:
    """Import what `name` stands for (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
