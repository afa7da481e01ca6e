"""The tables of the page: which columns each has, and one renderer for all of them.

`linod-ctl` fills them with what the daemon answers, a shell of the site with rows of the models:
`Show(zone)(SystemTasks)`.

The names below are loaded when they are first asked for: `linod-ctl` needs the renderer and the columns alone.
"""

from typing import TYPE_CHECKING

from linod.lazy import names_of

if TYPE_CHECKING:
    from linod.tables.show import DisabledSystemTasks, Show, SystemTasks, TableOf

__all__ = ["DisabledSystemTasks", "Show", "SystemTasks", "TableOf"]

__getattr__ = names_of(__name__, dict.fromkeys(__all__, "show"))
