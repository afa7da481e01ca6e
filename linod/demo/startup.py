"""A shell session on the demo site, as on Lino's page: `from linod.demo.startup import *`.

It opens the site that `linod --settings linod.demo` serves, beside that daemon or without one. `linod` is here what the
page means by it, the names of the plugin, and so is `invoicing`. `show(SystemTasks)` prints a table, as `rt.show` does;
`task.run(rt.login())` runs a task here. A `Voucher` that is saved is logged, in the `lino.log` of a site that has one.
`dbhash` tells whether the session has left the tables as it found them.
"""

import datetime
from types import SimpleNamespace

from linod import dd
from linod.demo.database import find_books
from linod.demo.dbhash import DatabaseHash
from linod.demo.invoicing.models import Task
from linod.demo.invoicing.tasks import fill
from linod.demo.session import Runtime, open_site
from linod.demo.tables import Voucher
from linod.loglevels import LogLevel, LogLevels
from linod.models import Job, Runnable, SystemTask
from linod.procedures import Procedure, background_task, schedule_daily, schedule_often
from linod.procedures import procedures as Procedures  # noqa: N812 - the page's name for the list
from linod.tables import DisabledSystemTasks, SystemTasks, TableOf
from linod.tables.layout import layout_of

__all__ = [
    "DisabledSystemTasks",
    "Job",
    "LogLevels",
    "Procedures",
    "SystemTask",
    "SystemTasks",
    "Voucher",
    "datetime",
    "dbhash",
    "dd",
    "invoicing",
    "linod",
    "rt",
    "settings",
    "show",
]

settings = open_site("linod.demo")
find_books()

fill()

dbhash = DatabaseHash()

rt = Runtime(settings)

show = rt.show

invoicing = SimpleNamespace(
    Task=Task,
    Tasks=TableOf("Tasks", layout_of(Task.kind), lambda: Task.objects.all()),
)

linod = SimpleNamespace(
    DisabledSystemTasks=DisabledSystemTasks,
    Job=Job,
    LogLevel=LogLevel,
    LogLevels=LogLevels,
    Procedure=Procedure,
    Procedures=Procedures,
    Runnable=Runnable,
    SystemTask=SystemTask,
    SystemTasks=SystemTasks,
    background_task=background_task,
    schedule_daily=schedule_daily,
    schedule_often=schedule_often,
)
