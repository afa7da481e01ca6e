"""Rows that come by themselves: a task for each procedure that never had one."""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from linod import models
from linod.errors import BadValue, near
from linod.models import BadColumn, Runnable
from linod.procedures import Procedure
from linod.store.edits import Edits
from linod.store.query import param
from linod.tasks import SYSTEM_TASK, Task

log = logging.getLogger("lino")


class Installing(Edits):
    """What the start of the daemon adds."""

    def install(
        self, procedures: Sequence[Procedure], now: datetime, today: date, queues: Collection[str] | None = None
    ) -> list[Task]:
        """Add a task for each procedure that asks for a SystemTask, never had one and has none now; overwrite nothing.

        today    in the site's zone: the `start_date` of a task that suggests none.
        queues   those of the settings: a procedure that suggests another gets no task; None: it does.
        Returns  the new tasks. A procedure with impossible suggestions is logged, and tried again at the next start.
        Source   Lino's linod page: logging level WARNING for procedures that run each few seconds, else INFO.
        """
        made = (self._install(procedure, now, today, queues) for procedure in self.not_installed(procedures))
        return [task for task in made if task]

    def _install(self, procedure: Procedure, now: datetime, today: date, queues: Collection[str] | None) -> Task | None:
        """Each procedure is a transaction of its own: what is wrong with one spoils no other."""
        try:
            queue = str(procedure.defaults.get("queue") or "")
            if queues is not None and queue and queue not in queues:
                cure = near(queue, queues, "add it to [queues] and reload linod")
                raise BadColumn("queue", f"the settings have no queue {queue!r}; {cure}")
            with self.transaction():
                has_row = self._rows(_has_row, self.model(SYSTEM_TASK), procedure=procedure.name)
                task = None if has_row else self.add(procedure.name, procedure.name, suggested(procedure, today))
                self._inserted(_remember, kind=SYSTEM_TASK, procedure=procedure.name, now=now)
                return task
        except BadValue as error:
            log.error("%s:%s: procedure %s gets no task: %s", procedure.file, procedure.line, procedure.name, error)
            return None


def suggested(procedure: Procedure, today: date) -> Mapping[str, object]:
    """The columns of the task that a procedure asks for."""
    level = "WARNING" if procedure.defaults.get("every_unit") == "secondly" else "INFO"
    given = {name: value for name, value in procedure.defaults.items() if value is not None}
    return {"log_level": level, "start_date": today, **given}


def _has_row(model: type[Runnable]) -> Any:
    return model.select(model.id).where(model.procedure == param("procedure")).limit(1)


def _remember() -> Any:
    table = models.Installed
    return table.insert(kind=param("kind"), procedure=param("procedure"), installed_at=param("now", table.installed_at))
