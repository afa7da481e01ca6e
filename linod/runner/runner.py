"""The loop: decide, claim, start, record, sleep. `run_pass` is one turn of it: tests turn the crank by hand."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from linod.clock import Clock
from linod.errors import DatabaseAway
from linod.jobs import Job
from linod.journal import Event, Journal
from linod.notify import Notifier
from linod.runner import words
from linod.runner.alarm import Alarm
from linod.runner.away import Away
from linod.runner.replacing import replace
from linod.runner.site import Site
from linod.runner.supervisor import Reserved, Supervisor
from linod.runner.timekeeper import Timekeeper
from linod.runner.turn import Ended, HandOver, Note, Turn, request_and_claim, work
from linod.schedule import sleep_seconds
from linod.settings import Settings
from linod.store import Store
from linod.store.thread import DatabaseThread
from linod.tasks import Task, TaskKey, label
from linod.tuples import NamedTuple

if TYPE_CHECKING:
    from linod.runner.retention import Retention

log = logging.getLogger("lino")

COUNT_EVERY = 5.0
"""Seconds between two counts of all tasks, which STATUS shows: they read an index from end to end."""

AWAY_PAUSE = 1.0
"""Seconds between two attempts while the database is away, or no job can be started, and something waits."""

AHEAD = timedelta(milliseconds=10)
"""How long before a slot its jobs are claimed. The commit is durable when the moment comes, and then there is nothing
between the timer and the procedure but the hand-over: jobs begin 1.2 ms later than a bare timer, and 3.3 ms without."""

SOON = 0.05
"""Seconds before a slot in which nothing else is begun that keeps the database thread."""

NOTED_WITHIN = 0.05
"""Seconds within which the start of a job is in the ledger. Most jobs end sooner, and then one commit writes both."""

ENDED_WITHIN = 0.01
"""The same of the end of a job whose slot has the next job already, while others wait for slots."""


class Requested(NamedTuple):
    """What a request came to.

    job  the job it became at once, None while it waits for a free job slot.
    new  False when a request waited already; then `task` tells of that one.
    """

    task: Task
    job: Job | None
    new: bool


class Runner:
    """The task runner of one site.

    Its state is in the database; it keeps only the jobs that run now (`supervisor.book`) and notes not yet written.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        db: DatabaseThread,
        supervisor: Supervisor,
        journal: Journal,
        clock: Clock,
        notifier: Notifier,
        site: Site,
    ) -> None:
        self.settings = settings
        self.store = store
        self.db = db
        self.supervisor = supervisor
        self.site = site
        self.database = Away(store, db, supervisor, journal)
        self.stopping = False
        self._journal = journal
        self._clock = clock
        self._notifier = notifier
        self.counts: Mapping[str, int] = {}
        self.on_turn: Callable[[], None] = lambda: None
        self._counted_at = -COUNT_EVERY
        self._probe = store.data_version_probe()
        self._time = Timekeeper(store, journal, clock)
        self._reserved = 0
        self._late_first = True
        self._more_waits = False
        self._look = True
        self._next_due: datetime | None = None
        self._alarm: Alarm | None = None
        self._rang = asyncio.Event()
        self._unchanged = Turn()
        self._wake = asyncio.Event()
        self._noting: asyncio.TimerHandle | None = None
        self._quiet = asyncio.Event()
        self._retention: Retention | None = None
        self.on_poke: Callable[[], None] = self._wake.set
        supervisor.on_free = self.slot_is_free

    # what others tell it

    def poke(self) -> None:
        """Something changed: look into the database now."""
        self._look = True
        self.on_poke()

    def note(self) -> None:
        """There are notes to write: at once when a job ended, shortly when it only started. The end of a job whose slot
        was claimed already waits for the next claim, which comes soon: one commit writes both."""
        if self.supervisor.unwritten_ends():
            if self._free() or not self._more_waits:
                self.poke()
            else:
                self._note_within(ENDED_WITHIN)
        else:
            self._note_within(NOTED_WITHIN)

    def _note_within(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if self._noting is not None:
            if self._noting.when() <= loop.time() + seconds:
                return
            self._noting.cancel()
        self._noting = loop.call_later(seconds, self.poke)

    def slot_is_free(self) -> None:
        """A job has given its slot back: let the next one have it, if one waited at the last look."""
        if self._more_waits:
            self.poke()

    async def resume(self) -> None:
        """Before the first turn: see whether the clock was set back while linod was down."""
        self.site = await self.db.run(self._time.resume, self.site)

    def replan(self) -> None:
        """Wall times have come to mean other moments: plan all tasks anew that wait for a slot."""
        self._time.replan()
        self.poke()

    def trim(self, key: TaskKey | None) -> None:
        """What is kept of a task's jobs has changed, or None: of all tasks'."""
        if self._retention is not None:
            self._retention.trim(key)

    def stop(self) -> None:
        """Claim nothing from now on."""
        self.stopping = True
        self.poke()

    async def request(
        self, find: Callable[[], Task], by: str, log_level: str | None, also: Callable[[Task], None]
    ) -> Requested:
        """Ask for a task to run as soon as possible. Acknowledged, and the job handed over, only after the commit.

        find    gives the task, and refuses by raising; runs in the transaction, because each visit to the database
                thread and back costs 0.1-0.2 ms.
        also    runs in the same transaction: the record of who asked.
        Raises  NoSuchTask, DatabaseAway.
        """
        reserve = min(self._free(), 1)
        self._reserved += reserve
        child = self.supervisor.reserve() if reserve else None
        job = None
        try:
            site = self.site if reserve else None
            task, job, new = await self.db.run(
                request_and_claim, self.store, find, by, log_level, self._clock.now(), site, also, self._to(child)
            )
        finally:
            self._reserved -= reserve
            if job is None:
                self.supervisor.give_back(child)
        if job is not None:
            self.supervisor.start(task, job, child)
        else:
            self.poke()
        return Requested(task, job, new)

    def _to(self, child: Reserved | None, early: bool = False) -> HandOver | None:
        if child is None:
            return None
        return partial(self.supervisor.prepare if early else self.supervisor.hand_over, child)

    # the loop

    async def run(self, ready: Callable[[], None]) -> None:
        """Turn until stopped and the last job is noted.

        ready  called before the first turn, which is possible now: what jobs need is imported by the first of them.
        """
        await self._count()
        ready()
        self._feed_watchdog()
        await self.run_pass(self._clock.now())
        if self.counts.get("tasks") == 0:
            log.info("There are no tasks to run.")
        with closing(Alarm(self._ring, self.poke)) as self._alarm, self._trimming():
            while not self.stopping:
                self._feed_watchdog()
                await self.run_pass(await self._sleep(self._alarm))
        self._alarm = None

    @contextmanager
    def _trimming(self) -> Iterator[None]:
        """Remove from the ledger what is too old, as long as this lasts."""
        from linod.runner.retention import Retention  # not on the way to READY

        self._retention = Retention(self.store, self.db, self._clock, lambda: self.settings.policy, self._quiet)
        working = asyncio.get_running_loop().create_task(self._retention.run())
        try:
            yield
        finally:
            working.cancel()

    async def run_pass(self, now: datetime) -> Turn:
        """One loop in the page's sense: write what ended, plan, claim and start what is due at `now`.

        now  may lie AHEAD: what is claimed then begins at that moment.
        """
        log.debug("Start next task runner loop.")
        explain = log.isEnabledFor(logging.DEBUG)
        self.site = self._time.look(self.site)
        if self.supervisor.waits and not self.stopping:
            self.supervisor.start_waiting()
        try:
            anew = self._time.busy
            if anew:
                now = self._clock.now()  # what was passed may be of the old time
                notes = self.supervisor.notes()
                await self.db.run(self._time.work, notes, self.site)
                self._written(notes)
                self._look = True
            if not self.stopping:
                await replace(self.db, self.store, self.supervisor, now, self.site, anew=anew)
            turn = await self._turn(now, explain)
        except DatabaseAway as error:
            self.database.met(error)
            return Turn(next_due=None)
        await self.database.answered()
        for task, reason in turn.impossible:
            text = f"{label(task)} is not scheduled: {reason}"
            self._journal.send(logging.ERROR, text, event=Event.TASK_IMPOSSIBLE, fields=words.task_fields(task))
        for task in turn.too_early:
            log.debug("Too early to start %s", label(task))
        if turn is not self._unchanged:
            await self._count()
        self.on_turn()
        return turn

    async def _turn(self, now: datetime, explain: bool) -> Turn:
        notes = self.supervisor.notes()
        waited = self._more_waits and self._free() > 0
        if not (self._look or notes or explain or waited or self._is_due(now) or self._probe.changed()):
            await self.db.run(bool)  # nothing to do: but the watchdog is fed only while the database thread answers
            return self._unchanged
        self._look = False
        self._cancel_noting()
        free = self._free()
        self._reserved += free
        child = self.supervisor.reserve() if free and (self._more_waits or self._is_due(now)) else None
        early = self._alarm is not None and now > self._clock.now()
        claimed: tuple[tuple[Task, Job], ...] = ()
        try:
            turning = partial(
                work, late_first=self._late_first, one_commit=self._more_waits, hand_over=self._to(child, early)
            )
            turn = await self.db.run(turning, self.store, notes, now, free, self.site, explain)
            claimed = turn.claimed
            self._written(notes)
            await self._start(claimed, child, now if early else None)
        except DatabaseAway:
            self._look = True
            raise
        finally:
            self._reserved -= free
            if not claimed:
                self.supervisor.give_back(child)
        self._look = self._look or turn.more or self._time.busy
        self._next_due = turn.next_due
        self._late_first = turn.late_next
        self._more_waits = len(turn.claimed) >= free
        self._unchanged = Turn(next_due=turn.next_due)
        return turn

    def _written(self, notes: list[Note]) -> None:
        self.supervisor.written(notes)
        if self._retention is not None:
            for note in notes:
                if isinstance(note, Ended):
                    self._retention.ended(TaskKey(note.job.kind, note.job.task_id))

    async def _start(
        self, claimed: tuple[tuple[Task, Job], ...], child: Reserved | None, moment: datetime | None
    ) -> None:
        """Have what was claimed run: now, or at a moment that is AHEAD, for which the first order is prepared."""
        if moment is not None and claimed:
            await self._wait_for(moment)
            if child is not None:
                child.child.send()
        for task, job in claimed:
            self.supervisor.start(task, job, child)
            child = None

    async def _count(self) -> None:
        """Count all tasks for STATUS, once in a while: it reads an index from end to end."""
        at = self._clock.monotonic()
        if at - self._counted_at >= COUNT_EVERY:
            self._counted_at = at
            with suppress(DatabaseAway):  # the next turn meets it too, and says so
                self.counts = await self.db.run(self.store.counts)

    def _free(self) -> int:
        """Job slots that a claim may take now."""
        if self.stopping or not self.supervisor.host.ready:
            return 0
        return max(0, self.settings.max_jobs - self.supervisor.busy(self.settings.max_jobs) - self._reserved)

    def _is_due(self, now: datetime) -> bool:
        return self._next_due is not None and self._next_due <= now

    async def _sleep(self, alarm: Alarm) -> datetime:
        """Sleep until a slot falls due, something wakes the loop, or it is time to look again.

        Returns  the moment that the next turn decides about: now, or the slot that is AHEAD.
        """
        if self._look and self.database.problem is None:
            return self._clock.now()
        poll = self.settings.background_sleep_time
        if self._notifier.watchdog_seconds is not None:
            poll = min(poll, self._notifier.watchdog_seconds / 3)
        if self.database.problem is not None or self.supervisor.waits:
            poll = min(poll, AWAY_PAUSE)
        # With no free slot only a job's end, which wakes the loop, can change anything.
        moments = (self._next_due if self._free() else None, self.supervisor.book.replaced_at())
        due = min((moment for moment in moments if moment is not None), default=None)
        if self.database.problem is not None:
            due = None
        seconds = sleep_seconds(self._clock.now(), due, poll)
        log.debug("Let task runner sleep for %f seconds.", seconds)
        self._rang.clear()
        alarm.set(due - AHEAD if due is not None and seconds < poll else None)
        timer = asyncio.get_running_loop().call_later(poll, self._wake.set)
        if seconds > SOON:
            self._quiet.set()
        await self._wake.wait()
        self._quiet.clear()
        timer.cancel()
        self._wake.clear()
        now = self._clock.now()
        return due if due is not None and self._rang.is_set() and now < due <= now + AHEAD else now

    async def _wait_for(self, moment: datetime) -> None:
        """Wait for a moment that is AHEAD at most; a clock that was set back meanwhile does not hold it up."""
        if self._alarm is None:
            return
        self._rang.clear()
        self._alarm.set(moment)
        with suppress(TimeoutError):
            async with asyncio.timeout(2 * AHEAD.total_seconds()):
                await self._rang.wait()
        if not self._look:
            self._wake.clear()  # it was this alarm, and nothing else

    def _ring(self) -> None:
        self._rang.set()
        self._wake.set()

    def _feed_watchdog(self) -> None:
        self._notifier.watchdog()

    def _cancel_noting(self) -> None:
        if self._noting is not None:
            self._noting.cancel()
            self._noting = None
