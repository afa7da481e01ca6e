"""What a turn must know of this daemon."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from linod.policies import LINODS, Policy
from linod.tasks import Task
from linod.tuples import NamedTuple


class Absence(NamedTuple):
    """Nobody could run anything up to a moment.

    until  slots up to here were missed, if they are not run yet.
    why    in words for people: "linod was down".
    """

    until: datetime
    why: str


class Site(NamedTuple):
    """Who claims, and what can be run at all.

    node, boot_id  identify the claimer in the ledger.
    zone           the site's zone.
    procedures     names of what the host can run, for each kind of task; other tasks are never claimed.
    absence        the last one; None when there was none.
    seen           the latest moment that the wall clock has shown before it was set back, as far as the ledger knows:
                   slots up to here may have had their job. None when it never was.
    step_back      by how much it was set back the last time; None when this daemon has not seen it.
    policy         what fills a policy that a task leaves empty.
    queues         how many jobs run at once in each: `[queues]`.
    """

    node: str
    boot_id: str
    zone: ZoneInfo
    procedures: Mapping[str, Collection[str]]
    absence: Absence | None = None
    seen: datetime | None = None
    step_back: timedelta | None = None
    policy: Policy = LINODS
    queues: Mapping[str, int] = MappingProxyType({})

    def can_run(self, task: Task) -> bool:
        """Whether the host can run a task."""
        return task.procedure in self.procedures.get(task.kind, ())
