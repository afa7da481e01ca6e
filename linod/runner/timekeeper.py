"""What linod does when the wall clock was set or the machine slept: notice, record, plan anew."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from linod.clock import Clock
from linod.journal import Event, Journal
from linod.runner.clockset import NOTICED, ClockSet, compare, read, set_back_while_down, told
from linod.runner.replanning import BEGIN, replan_some
from linod.runner.site import Absence, Site
from linod.runner.turn import Note, write_notes
from linod.store import Store
from linod.tasks import TaskKey


class Timekeeper:
    """Lives in the loop, but for `work`.

    It looks at each turn. A timer that the kernel cancels when the clock is set wakes the loop at once; but that does
    not tell by how much, and there is none where a library fakes the time.
    """

    def __init__(self, store: Store, journal: Journal, clock: Clock) -> None:
        self._store = store
        self._journal = journal
        self._clock = clock
        self._last = read(clock)
        self._unrecorded: list[ClockSet] = []
        self._after: TaskKey | None = None

    @property
    def busy(self) -> bool:
        """Whether there is something to write: call `work`."""
        return bool(self._unrecorded) or self._after is not None

    def look(self, site: Site) -> Site:
        """Look at the clocks. Returns the site, with what turns must know when something happened."""
        last, self._last = self._last, read(self._clock)
        change = compare(last, self._last)
        return site if change is None else self._happened(change, site)

    def resume(self, site: Site) -> Site:
        """The same at the start of the daemon, by the moments in the ledger. Runs in the database thread."""
        now, seen = self._clock.now(), self._store.last_seen()
        site = site._replace(seen=seen.recorded)
        change = set_back_while_down(seen.ledger, seen.recorded, now)
        if change is not None:
            site = self._happened(change, site)
        if seen.recorded is not None and seen.recorded > now:
            self.replan()  # set back before, and the planning may have been cut short
        return site

    def replan(self) -> None:
        """Have all tasks planned anew that wait for a slot."""
        self._after = BEGIN

    def work(self, notes: Sequence[Note], site: Site) -> None:
        """Record what happened, and plan some tasks anew. Runs in the database thread; raises DatabaseAway.

        notes  are written first: what follows a job that ended before the clock was set back is of the old time.
        """
        store, after = self._store, self._after
        with store.transaction():
            write_notes(store, notes, site)
            for change in self._unrecorded:
                store.clock_changed(change.expected, change.now, change.slept)
            if after is not None:
                after = replan_some(store, after, self._clock.now(), site)
        self._unrecorded, self._after = [], after

    def _happened(self, change: ClockSet, site: Site) -> Site:
        self._unrecorded.append(change)
        level = logging.WARNING if change.step else logging.INFO
        self._journal.send(level, told(change, site.zone), event=Event.CLOCK_SET)
        if change.step < 0:
            self.replan()
            seen = change.expected + timedelta(seconds=NOTICED)
            site = site._replace(seen=max(seen, site.seen or seen), step_back=change.expected - change.now)
            if site.absence is not None:  # nothing that is ahead can have been missed
                site = site._replace(absence=site.absence._replace(until=min(site.absence.until, change.now)))
        if change.step > 0 or change.slept:
            why = "the clock was set forward" if change.step > 0 else "the machine slept"
            site = site._replace(absence=Absence(change.now, why))
        return site
