"""Tables from the models and the registry of this process: `show(SystemTasks)` in a shell of the site."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from linod.clock import Clock, SystemClock
from linod.kinds import SHOWN
from linod.loglevels import LogLevel, LogLevels
from linod.models import Runnable, SystemTask, task_of
from linod.procedures import Procedure, Procedures
from linod.tables.layout import LOG_LEVELS, PROCEDURES, SYSTEM_TASKS, Layout, cells, headers, layout_of
from linod.tables.render import table
from linod.tasks import status
from linod.tuples import NamedTuple

Row = Mapping[str, object]


class TableOf(NamedTuple):
    """A table: columns, and the rows of a model that it shows when somebody looks."""

    name: str
    layout: Layout
    rows: Callable[[], Iterable[Any]]

    def __str__(self) -> str:
        return self.name


SystemTasks = TableOf("SystemTasks", SYSTEM_TASKS, lambda: SystemTask.objects.all())
"""The default table for the `SystemTask` model."""

DisabledSystemTasks = TableOf("DisabledSystemTasks", SYSTEM_TASKS, lambda: SystemTask.objects.filter(disabled=True))
"""The system tasks that are disabled: what somebody should look at."""


class Show:
    """Prints tables. Called with a table, a model, a query of a model, the procedures or the logging levels.

    zone   of the moments in a status: the site's.
    """

    def __init__(self, zone: ZoneInfo, clock: Clock | None = None) -> None:
        self._zone = zone
        self._clock = clock or SystemClock()

    def __call__(self, what: Any) -> None:
        text = self.text(what)
        print(text, end="\n\n" if "\n" in text else "\n")  # the blank line is a part of a table, as on the page

    def text(self, what: Any) -> str:
        """The table as text, a reStructuredText table; "No data to display" when it has no row.

        Raises  TypeError for what is no table.
        """
        layout, rows = self._found(what)
        return table(headers(layout), [cells(layout, row) for row in rows])

    def _found(self, what: Any) -> tuple[Layout, list[Row]]:
        if isinstance(what, TableOf):
            return what.layout, [self._of_task(row) for row in what.rows()]
        if isinstance(what, Procedures):
            return PROCEDURES, [_of_procedure(one) for one in what.ordered()]
        if what is LogLevels or what is LogLevel:
            return LOG_LEVELS, [{"value": level.name, "text": level.text, "number": level.value} for level in LogLevel]
        model: Any = what if isinstance(what, type) else getattr(what, "model", None)
        if model is None or not hasattr(model, "objects"):
            raise TypeError(f"{what!r} is no table; take SystemTasks, Procedures, LogLevels, a model or a query of one")
        rows = list(model.objects.all() if what is model else what)
        if issubclass(model, Runnable):
            return layout_of(model.kind, model.column_names.split() or SHOWN), [self._of_task(row) for row in rows]
        names = list(model._meta.sorted_field_names)
        return [(name, name) for name in names], [dict(row.__data__) for row in rows]

    def _of_task(self, row: Runnable) -> Row:
        task = task_of(row)
        return {**task._asdict(), **task.own, "when": row.when, "status": status(task, self._clock.now(), self._zone)}


def _of_procedure(procedure: Procedure) -> Row:
    return {name: getattr(procedure, name) for name in ("name", "text", "class_name", "suggested")}
