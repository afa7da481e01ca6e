"""Stopping: let the running jobs finish, then end them as interrupted, and see every row settled."""

import asyncio
import logging

from linod.clock import Clock
from linod.jobs import State
from linod.notify import Notifier
from linod.runner.runner import Runner

log = logging.getLogger("lino")

STEP = 2.0
"""Seconds between two looks while draining; each one extends systemd's stop timeout by EXTENSION."""

EXTENSION = 10.0

SETTLE = 5.0
"""Seconds that the ledger gets to take the last ends; the next start settles what it did not take."""


class Drain:
    """One stop of the daemon.

    hurry()  a second signal: jobs are ended now, not after `stop_timeout`. A third ends them without grace.
    """

    def __init__(self, runner: Runner, clock: Clock, notifier: Notifier) -> None:
        self._runner = runner
        self._clock = clock
        self._notifier = notifier
        self._deadline = clock.monotonic() + runner.settings.stop_timeout
        self._grace = runner.settings.kill_grace
        self._give_up: float | None = None
        self._ended = False
        self._changed = asyncio.Event()
        runner.on_poke = self._changed.set

    def hurry(self) -> None:
        """Shorten the wait: to nothing, and the next time the grace as well."""
        self._grace = 0.0 if self._ended else self._grace
        self._deadline = self._clock.monotonic()
        self._ended = False
        self._changed.set()

    async def run(self) -> None:
        """Return when no job runs and every end is written, or when waiting longer would be of no use."""
        book = self._runner.supervisor.book
        self._notifier.stopping()
        if book.jobs:
            names = ", ".join(f"{r.task.name} (job {r.job.id})" for r in book.jobs.values())
            log.info("Waiting for %d running: %s", len(book.jobs), names)
        while book.jobs or self._runner.supervisor.notes():
            self._runner.supervisor.end_waiting(State.INTERRUPTED, "linod was stopped")
            now = self._clock.monotonic()
            if self._give_up is None and self._runner.supervisor.unwritten_ends() == len(book.jobs):
                self._give_up = now + SETTLE  # no process is left; only the database may hold it up
            if self._give_up is not None and now >= self._give_up:
                log.error("Gave up waiting for %d; the next start settles what they leave.", len(book.jobs))
                return
            if now >= self._deadline and not self._ended:
                self._end_jobs(now)
            await self._step(now)

    def _end_jobs(self, now: float) -> None:
        supervisor = self._runner.supervisor
        log.warning("Ending %d running as interrupted", len(supervisor.book.jobs))
        for job_id in list(supervisor.book.jobs):
            supervisor.end_job(job_id, State.INTERRUPTED, "linod was stopped", self._grace)
        self._ended = True
        self._give_up = now + self._grace + SETTLE

    async def _step(self, now: float) -> None:
        self._notifier.extend_timeout(EXTENSION)
        self._notifier.watchdog()
        self._notifier.status(f"Stopping: waiting for {len(self._runner.supervisor.book.jobs)} running jobs")
        await self._runner.run_pass(self._clock.now())
        if not self._runner.supervisor.book.jobs and not self._runner.supervisor.notes():
            return
        limits = [
            STEP,
            *(limit - now for limit in (self._deadline, self._give_up) if limit is not None and limit > now),
        ]
        timer = asyncio.get_running_loop().call_later(min(limits), self._changed.set)
        await self._changed.wait()
        timer.cancel()
        self._changed.clear()
