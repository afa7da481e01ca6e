"""A warning about a job that runs much longer than it used to: perhaps it hangs, and its task has no timeout."""

import asyncio
import logging
from contextlib import suppress

from linod.clock import Clock
from linod.errors import DatabaseAway
from linod.journal import Event, Journal
from linod.runner import words
from linod.runner.book import Running
from linod.runner.supervisor import Supervisor
from linod.store import Store
from linod.store.thread import DatabaseThread
from linod.tasks import TaskKey

LONG = 2 * 3600.0
"""Seconds up to which nobody is warned of a job, whatever is usual."""

TIMES = 10
"""Of what is usual."""

USUAL_OF = 20
"""Jobs of which the median is what is usual; as in `linod-ctl show-job`."""

LOOK_EVERY = 5.0
"""Seconds between two looks at the jobs that run."""


class Lengthy:
    """Warns once of each job. Lives in the loop; asks the ledger once for each job that is LONG, and not before."""

    def __init__(
        self, supervisor: Supervisor, store: Store, db: DatabaseThread, journal: Journal, clock: Clock, ctl: str
    ) -> None:
        self._supervisor = supervisor
        self._store = store
        self._db = db
        self._journal = journal
        self._clock = clock
        self._ctl = ctl
        self._looked_at = clock.monotonic()
        self._usual: dict[int, float | None] = {}  # seconds, of each job that is LONG; None: none has succeeded yet
        self._warned: set[int] = set()
        self._asking: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Called in each turn of the loop."""
        now = self._clock.monotonic()
        if now - self._looked_at < LOOK_EVERY:
            return
        self._looked_at = now
        jobs = self._supervisor.book.jobs.values()
        long = [running for running in jobs if now - running.began >= LONG and not running.over]
        if long and (self._asking is None or self._asking.done()):
            self._asking = asyncio.get_running_loop().create_task(self._see(long))

    async def _see(self, long: list[Running]) -> None:
        ids = {running.job.id for running in long}
        self._warned &= ids
        self._usual = {job_id: usual for job_id, usual in self._usual.items() if job_id in ids}
        with suppress(DatabaseAway):  # the next look asks again
            for job in (running.job for running in long if running.job.id not in self._usual):
                key = TaskKey(job.kind, job.task_id)
                lasted = sorted(await self._db.run(self._store.lasted, key, job.id, USUAL_OF))
                self._usual[job.id] = lasted[len(lasted) // 2] if lasted else None
        for running in long:
            self._warn(running)

    def _warn(self, running: Running) -> None:
        job, usual = running.job, self._usual.get(running.job.id)
        ran = self._clock.monotonic() - running.began
        if usual is None or ran < TIMES * usual or job.id in self._warned or running.over:
            return
        self._warned.add(job.id)
        text = words.lengthy(running.task, job, ran, usual, self._ctl)
        self._journal.send(logging.WARNING, text, event=Event.JOB_LONG, fields=words.job_fields(job))
