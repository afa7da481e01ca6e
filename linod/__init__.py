"""linod runs the background tasks of a Linux server.

This module is what plugins import from. It loads nothing until a name is asked for: each linod-ctl command imports it.
"""

TYPE_CHECKING = False  # type checkers take it for true; importing typing would cost 12 ms
if TYPE_CHECKING:
    from linod import dd
    from linod.procedures import at_job_start, background_task, schedule_daily, schedule_often
    from linod.request import BaseRequest

__all__ = ["BaseRequest", "__version__", "at_job_start", "background_task", "dd", "schedule_daily", "schedule_often"]

__version__ = "0.1.0"

_HOMES = {
    "BaseRequest": "linod.request",
    "at_job_start": "linod.procedures",
    "background_task": "linod.procedures",
    "schedule_daily": "linod.procedures",
    "schedule_often": "linod.procedures",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used (PEP 562)."""
    from importlib import import_module

    if name == "dd":
        return import_module("linod.dd")
    if name not in _HOMES:
        raise AttributeError(f"module 'linod' has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
