"""Starts claimed jobs in the host, and turns what it reports of them into log records and notes for the ledger."""

import asyncio
import logging
from collections.abc import Callable
from zoneinfo import ZoneInfo

from linod.clock import Clock
from linod.host.children import Child
from linod.host.client import HostClient
from linod.host.protocol import HostAway, Order, Record
from linod.jobs import Ending, Job, Outcome, State
from linod.journal import Event, Journal, Tail
from linod.models import job_row, task_row
from linod.policies import LINODS, limits_of, policy_of
from linod.quantities import seconds_text
from linod.runner import words
from linod.runner.book import Book, Running
from linod.runner.turn import Ended, Note, Started
from linod.tasks import NOTHING_TO_PLAN, Task
from linod.tuples import NamedTuple
from linod.users import Users

DEATHS = 3
"""Of processes that had not read their order, or of their hosts; the next one takes the job with it."""

AGAIN = 1.0
"""Seconds between two attempts to start a job for which there is no process, or no descriptors."""


class Reserved(NamedTuple):
    """A child that waits for the next job, and its host: new jobs may go to another one when the job has it."""

    host: HostClient
    child: Child


class Supervisor:
    """Everything between a claim and the note of its end. Lives in the loop.

    host  is set by whoever builds both: the host reports to this object. New jobs go there.
    users who the jobs run as, and who may have asked for them.
    policy  what fills a policy that a task leaves empty.
    kill_grace  seconds from SIGTERM to SIGKILL.
    wake  called when there are notes to write.
    on_free  called when a job gives its slot back, before its end is there to be noted.
    """

    host: HostClient

    def __init__(self, journal: Journal, clock: Clock, zone: ZoneInfo, ctl: str, wake: Callable[[], None]) -> None:
        self.on_free: Callable[[], None] = lambda: None
        self.book = Book()
        self.users: Users | None = None
        self.policy = LINODS
        self.kill_grace = 10.0
        self._journal = journal
        self._clock = clock
        self.zone = zone
        self._ctl = ctl
        self._wake = wake
        self._notes: list[Note] = []
        self._stuck = False

    def reserve(self) -> Reserved | None:
        """The child that waits for the next job, if one does: to be handed that in the database thread."""
        host = self.host
        child = host.reserve()
        return None if child is None else Reserved(host, child)

    def give_back(self, reserved: Reserved | None) -> None:
        """There is no job for it after all."""
        if reserved is not None:
            reserved.host.give_back(reserved.child)

    def hand_over(self, reserved: Reserved, task: Task, job: Job) -> None:
        """Hand a claimed job to a reserved child: in the database thread, so it only reads from this object. `start`
        follows in the loop."""
        reserved.child.hand_over(self._order(task, job))

    def prepare(self, reserved: Reserved, task: Task, job: Job) -> None:
        """As `hand_over`, but its moment has not come: `reserved.child.send()` is to follow."""
        reserved.child.prepare(self._order(task, job))

    def _order(self, task: Task, job: Job) -> Order:
        row = task._replace(
            last_start_time=job.claimed_at,
            last_end_time=None,
            requested_at=None,
            requested_by=None,
            requested_log_level=None,
            job_id=job.id,
        )
        users, zone = self.users or Users("", {}), str(self.zone)
        user, asked = users.row(users.daemon_user, zone), users.row(job.requested_by, zone)
        limits = limits_of(task, self.policy)
        return Order(job.id, job.procedure, job.log_level, task_row(row), job_row(job), user, asked, limits)

    def start(self, task: Task, job: Job, reserved: Reserved | None = None) -> None:
        """Hand a claimed job to the host; with no host it waits for one.

        task      as the claim left it, when `next_due` is the slot that may replace the job.
        reserved  what `hand_over` was told to hand it to.
        """
        host, child = (self.host, None) if reserved is None else reserved
        order = child.order if child is not None and child.order is not None else self._order(task, job)
        away = None
        try:
            host.start_job(order, child)
        except HostAway as error:
            away = error
        # After the hand-over, which somebody waits for; news of the job come in a later turn of the loop.
        running = Running(task, job, Tail(self.zone), self._clock.monotonic(), host)
        if (task.overlap or self.policy.overlap) == "replace" and task.next_due != NOTHING_TO_PLAN:
            running.replaced_at = task.next_due
        self.book.open(running)
        self._say(running, logging.DEBUG, words.starts(task, job), Event.JOB_STARTED)
        if away is not None:
            self._wait(running, str(away), 0.0 if away.host_is_gone else AGAIN)
        else:
            self._limit_time(running)

    def _limit_time(self, running: Running) -> None:
        """From the hand-over on a job has the time that its policy gives it at the claim."""
        timeout = self.policy.timeout if running.task.timeout is None else running.task.timeout
        if timeout:
            running.timer = asyncio.get_running_loop().call_later(timeout, self._time_is_up, running, timeout)

    def _time_is_up(self, running: Running, timeout: int) -> None:
        reason = f"ended after {seconds_text(timeout)}, its timeout"
        running.host.end_job(running.job.id, State.TIMED_OUT, reason, self.kill_grace)

    def _wait(self, running: Running, reason: str, seconds: float) -> None:
        """Nobody has read the order of a job. It keeps its job slot, and is handed over again."""
        running.again_at = self._clock.monotonic() + seconds
        running.forget_time()
        if seconds and not self._stuck:
            self._stuck = True
            self._journal.send(logging.ERROR, f"No job can be started: {reason}. linod tries again each second.")

    @property
    def waits(self) -> bool:
        """Whether a job waits for a process: call `start_waiting` now and then."""
        return any(running.again_at is not None for running in self.book.jobs.values())

    def start_waiting(self) -> None:
        """Hand over again what nobody has read."""
        now = self._clock.monotonic()
        for running in list(self.book.jobs.values()):
            if running.again_at is not None and running.again_at <= now and self.host.ready:
                running.host, running.again_at = self.host, None
                try:
                    self.host.start_job(self._order(running.task, running.job))
                except HostAway as away:
                    self._wait(running, str(away), 0.0 if away.host_is_gone else AGAIN)
                else:
                    self._limit_time(running)

    def end_waiting(self, state: State, reason: str) -> None:
        """End the jobs that wait for a process."""
        for job_id, running in list(self.book.jobs.items()):
            if running.again_at is not None:
                self.job_ended(job_id, Outcome(state, reason), 0)

    def end_job(self, job_id: int, state: State, cause: str, grace: float | None = None) -> Ending | None:
        """End a running job, for a cause that is not its own: SIGTERM, after the grace SIGKILL to all of it. One that
        waits for a process ends at once.

        cause    in words: "killed by robin". How long it had run then is added.
        grace    seconds; None: as the site has it.
        Returns  None when it does not run, or is ending by itself.
        """
        running = self.book.jobs.get(job_id)
        if running is None:
            return None
        if running.again_at is not None:
            self.job_ended(job_id, Outcome(state, f"{cause} before it began"), 0)
            return Ending(cause, new=True)
        reason = f"{cause} after it had run {seconds_text(round(self._clock.monotonic() - running.began))}"
        return running.host.end_job(job_id, state, reason, self.kill_grace if grace is None else grace)

    def disown(self, job: Job) -> None:
        """A job stands unfinished in the ledger: when it was never started here, note that it never will be."""
        if job.id not in self.book.jobs:
            self._notes.append(
                Ended(job, Outcome(State.INTERRUPTED, "its claim was lost"), self._clock.now(), "", 0, 0)
            )
            self._wake()

    def notes(self) -> list[Note]:
        """The notes not yet written, oldest first."""
        return list(self._notes)

    def unwritten_ends(self) -> int:
        """How many jobs of the book have ended: their slots are free for the claims of the same commit."""
        return sum(isinstance(note, Ended) and note.job.id in self.book.jobs for note in self._notes)

    def busy(self, max_jobs: int) -> int:
        """How many job slots are taken.

        A job whose procedure is over has none, while its process exits: that takes 1-2 ms, in which the next claim can
        become durable. But there are never more than twice `max_jobs`, because something may hold them up.
        """
        running = self.book.jobs.values()
        return max(sum(not one.over for one in running), len(running) - self.unwritten_ends() - max_jobs)

    def written(self, notes: list[Note]) -> None:
        """The ledger has these notes: whoever waited for an end hears of it now, and never before it is durable."""
        del self._notes[: len(notes)]
        for note in notes:
            if isinstance(note, Ended):
                running = self.book.jobs.pop(note.job.id, None)
                if running is not None:
                    self.book.tell(running, _end_event(note))

    def job_started(self, job_id: int, pid: int | None, pid_started: int | None) -> None:
        running = self.book.jobs[job_id]
        at = self._clock.now() if pid is not None else running.job.claimed_at  # nobody knows; it is over by now
        self._notes.append(Started(running.job, pid, pid_started, at))
        if self._stuck:
            self._stuck = False
            self._journal.send(logging.WARNING, "Jobs can be started again.")
        self._wake()

    def job_record(self, job_id: int, record: Record) -> None:
        running = self.book.jobs[job_id]
        running.tail.add(record.time, record.level, record.text)
        self._journal.send(record.level, record.text, fields=words.job_fields(running.job), of_job=True)
        event = {"event": "record", "job": job_id, "time": record.time, "level": record.level, "text": record.text}
        self.book.tell(running, event)

    def job_progress(self, job_id: int, done: int, total: int) -> None:
        running = self.book.jobs[job_id]
        running.progress = (done, total)
        self.book.tell(running, {"event": "progress", "job": job_id, "done": done, "total": total})

    def job_unread(self, job_id: int, outcome: Outcome, *, died: bool) -> None:
        running = self.book.jobs[job_id]
        running.deaths += died
        if running.deaths > DEATHS:
            self.job_ended(job_id, outcome, 0)
        else:
            self._wait(running, outcome.message, 0.0 if died else AGAIN)
            self._wake()

    def job_reported(self, job_id: int) -> None:
        self.book.jobs[job_id].over = True
        self.on_free()

    def job_ended(self, job_id: int, outcome: Outcome, dropped: int) -> None:
        running = self.book.jobs[job_id]
        running.again_at = None
        running.over = True
        running.forget_time()
        at = self._clock.now()
        if outcome.traceback or outcome.message:
            level = logging.WARNING if outcome.state in (State.WARNED, State.SUCCEEDED) else logging.ERROR
            running.tail.add(at.timestamp(), level, outcome.traceback or outcome.message)
        running.tail.drop(dropped)
        self._log_end(running, outcome)
        tail = running.tail
        self._notes.append(Ended(running.job, outcome, at, tail.text(), tail.lines, tail.dropped))
        self._wake()

    def _log_end(self, running: Running, outcome: Outcome) -> None:
        task, job = running.task, running.job
        seconds = self._clock.monotonic() - running.began
        level, text, event = words.ending(task, job, outcome, seconds, self._ctl, policy_of(task, self.policy))
        self._say(running, level, text, event, {"LINOD_OUTCOME": outcome.state.value})

    def _say(self, running: Running, level: int, text: str, event: Event, fields: dict[str, str] | None = None) -> None:
        """A record of the daemon about a job: the task's level decides whether it is written; of a job that did not
        succeed always."""
        if level >= min(logging.WARNING, logging.getLevelName(running.job.log_level)):
            fields = words.job_fields(running.job) | (fields or {})
            self._journal.send(level, text, event=event, fields=fields)


def _end_event(note: Ended) -> dict[str, object]:
    outcome = note.outcome
    return {"event": "ended", "job": note.job.id, "state": outcome.state.value, "message": outcome.message}
