"""The site's settings: the only reader of files and environment.

`linod-ctl` imports `linod.settings.sites` for one path and must not pay for the rest, so the names below are
loaded when they are first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linod.settings.loading import load
    from linod.settings.model import HostSettings, Options, Settings
    from linod.settings.owner import Owner
    from linod.settings.sites import control_path

__all__ = ["HostSettings", "Options", "Owner", "Settings", "control_path", "load"]

_HOME = {
    "HostSettings": "model",
    "Options": "model",
    "Owner": "owner",
    "Settings": "model",
    "control_path": "sites",
    "load": "loading",
}


def __getattr__(name: str) -> object:
    """Import what `name` stands for (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
