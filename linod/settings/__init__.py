"""The site's settings: the only reader of files and environment.

`linod-ctl` imports `linod.settings.sites` for one path and must not pay for the rest, so the names below are
loaded when they are first asked for.
"""

from typing import TYPE_CHECKING

from linod.lazy import names_of

if TYPE_CHECKING:
    from linod.settings.loading import load
    from linod.settings.model import HostSettings, Options, Settings
    from linod.settings.owner import Owner
    from linod.settings.sites import control_path

__all__ = ["HostSettings", "Options", "Owner", "Settings", "control_path", "load"]

__getattr__ = names_of(
    __name__,
    {
        "HostSettings": "model",
        "Options": "model",
        "Owner": "owner",
        "Settings": "model",
        "control_path": "sites",
        "load": "loading",
    },
)
