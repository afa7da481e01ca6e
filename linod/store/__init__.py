"""The only place with queries: one method per arrow, values in and out.

All methods are synchronous and called in one thread; every moment is aware and in UTC. A write is durable when the
method, or the transaction around it, returns. Errors: `DatabaseAway` when the database does not answer,
`IllegalTransition` when somebody else made the arrow.
"""

from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Any

from linod.store.claim import Claims
from linod.store.jobs import Jobs
from linod.store.kinds import Kinds
from linod.store.lanes import Lanes
from linod.store.missed import Missed
from linod.store.probe import Probe
from linod.store.replanning import Replanning
from linod.store.users import SiteUsers

if TYPE_CHECKING:
    from linod.store.later import Later as WhenAsked
else:

    class WhenAsked:
        """The methods of `Later`. They are imported by the first call of one, because a start has not 5 ms for them."""

        def __getattr__(self, name: str) -> Any:
            from linod.store.later import Later

            return getattr(Later, name).__get__(self)


__all__ = ["Probe", "Store"]


class Store(WhenAsked, Jobs, Replanning, Lanes, Kinds, Claims, Missed, SiteUsers):
    """The database of one site.

    url           a Peewee URL; SQLite only.
    read_only     create and change nothing.
    busy_timeout  milliseconds to wait for another process that holds the database.
    zone          of the moments that are written for people, in `message`.
    """

    def __init__(self, url: str, *, read_only: bool = False, busy_timeout: int = 5000, zone: tzinfo = UTC) -> None:
        super().__init__(url, read_only=read_only, busy_timeout=busy_timeout, zone=zone)
        self._probes: list[Probe] = []

    def data_version_probe(self) -> Probe:
        """Tells another thread whether the database has changed, on a connection of its own that `close()` closes."""
        probe = Probe(self.path)
        self._probes.append(probe)
        return probe

    def _leave_old_file(self) -> None:
        for probe in self._probes:
            probe.let_go()
        super()._leave_old_file()

    def close(self) -> None:
        for probe in self._probes:
            probe.close()
        self._probes.clear()
        super().close()
