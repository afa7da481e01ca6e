"""What leaves the ledger, while the daemon runs: in small batches, between the passes, in nobody's way."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from linod.clock import Clock
from linod.errors import DatabaseAway
from linod.policies import Policy
from linod.store import Store
from linod.store.thread import DatabaseThread
from linod.tasks import TaskKey

log = logging.getLogger("lino")

ROUND = 60.0
"""Seconds between two rounds: in each the tasks that had a job since the last one are looked at."""

SWEEP = 24 * 3600.0
"""Seconds between two looks at all tasks that the ledger has jobs of. A task that has no jobs any more is found so, and
one that was removed."""

MOST = 200
"""Rows that one batch removes at most."""

LONG = 0.004
"""Seconds of the database thread that a batch shall not take: the next one is then half as large. A row has up to
128 KiB of log and traceback, and Debian's SQLite overwrites what it removes."""

LOOKED_AT = 25
"""Tasks that one batch looks at; each costs some 0.1 ms."""

PAUSE, SHARE = 0.02, 20
"""Seconds between two batches, and how many times as long as the last one took: a claim finds the database thread busy
with this once in SHARE times, and then for some ms."""

BUSY = 0.25
"""Seconds that a batch waits for the loop to sleep. Under constant load it never does, and the ledger grows then."""

REMEMBERED = 10_000
"""Tasks that are remembered for the next round; of more, all are looked at."""


class Retention:
    """Keeps the ledger as small as the policies say. Lives in the loop, but for the batches.

    policy  gives what fills a policy that a task leaves empty.
    quiet   set while the loop sleeps.
    """

    def __init__(
        self, store: Store, db: DatabaseThread, clock: Clock, policy: Callable[[], Policy], quiet: asyncio.Event
    ) -> None:
        self._store, self._db, self._clock = store, db, clock
        self._policy = policy
        self._quiet = quiet
        self._ended: set[TaskKey] = set()
        self._tasks: list[TaskKey] = []  # of this round
        self._anew = True  # a sweep is to begin: at first for what an earlier daemon has left
        self._sweeping = False
        self._swept: TaskKey | None = None
        self._changes: int | None = None
        self._limit = MOST
        self._asked = asyncio.Event()
        self._work = asyncio.Event()  # there is something to look at

    def ended(self, key: TaskKey) -> None:
        """A job of this task has ended: look at it in the next round."""
        if len(self._ended) < REMEMBERED:
            self._ended.add(key)
        else:
            self._anew = True
        self._work.set()

    def trim(self, key: TaskKey | None) -> None:
        """Look at a task now, because its policy has changed; None: at all of them."""
        if key is None:
            self._anew = True
        else:
            self._ended.add(key)
        self._work.set()
        self._asked.set()

    async def run(self) -> None:
        """Work until cancelled."""
        swept_at = self._clock.monotonic()
        while True:
            if not self.pending:  # an idle minute has no round, whose wake-ups are a tenth of it
                self._work.clear()
                await _within(max(0.0, swept_at + SWEEP - self._clock.monotonic()), self._work)
            await _within(ROUND, self._asked)
            self._asked.clear()
            if self._clock.monotonic() - swept_at >= SWEEP:
                self._anew = True
                swept_at = self._clock.monotonic()
            try:
                await self._round()
            except DatabaseAway as error:  # the loop tells of it; what is left to do is done in the next round
                log.debug("The ledger is not trimmed now: %s", error)

    async def _round(self) -> None:
        self.begin_round()
        more = True
        while more:
            await _within(BUSY, self._quiet)
            began = self._clock.monotonic()
            more = await self.batch()
            await asyncio.sleep(max(PAUSE, SHARE * (self._clock.monotonic() - began)))

    @property
    def pending(self) -> bool:
        """Whether the next round has something to look at."""
        return bool(self._ended) or self._unfinished()

    def _unfinished(self) -> bool:
        return bool(self._tasks or self._anew or self._sweeping or self._changes is not None)

    def begin_round(self) -> None:
        """Look at the tasks that had a job since the last round. What a round has left is done first."""
        self._tasks += self._ended
        self._ended.clear()

    async def batch(self) -> bool:
        """One batch. Returns whether there is more to do; raises DatabaseAway."""
        return await self._db.run(self._batch)

    # in the database thread

    def _batch(self) -> bool:
        began = self._clock.monotonic()
        if self._anew:
            self._anew, self._sweeping, self._swept, self._changes = False, True, None, 0
        removed = self._remove()
        took = self._clock.monotonic() - began
        if took > LONG:
            self._limit = max(1, self._limit // 2)
        elif took < LONG / 2 and removed:
            self._limit = min(MOST, self._limit * 2)
        return self._unfinished()

    def _remove(self) -> int:
        """Remove some rows, and look at no more tasks than a batch may; what is left to do is remembered."""
        removed, store, policy, now = 0, self._store, self._policy(), self._clock.now()
        for _ in range(LOOKED_AT):
            key = self._tasks[-1] if self._tasks else self._next_swept()
            if key is None:
                if self._changes is not None:
                    self._changes = store.trim_changes(self._changes, policy, now)
                return removed
            removed += store.trim(key, policy, now, self._limit - removed)
            if removed >= self._limit:
                return removed  # there may be more of this task
            if self._tasks:
                self._tasks.pop()
            else:
                self._swept = key
        return removed

    def _next_swept(self) -> TaskKey | None:
        found = self._store.next_task_with_jobs(self._swept) if self._sweeping else None
        self._sweeping = found is not None
        return found


async def _within(seconds: float, event: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
