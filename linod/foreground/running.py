"""The life of one job in this process: lock, claim, run, end."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from linod.clock import Clock, SystemClock
from linod.errors import BadValue, Busy
from linod.foreground.execution import Told, execute
from linod.foreground.place import Place
from linod.host.kernel import process_started
from linod.jobs import Job, State
from linod.journal import Entry, Event, Tail
from linod.lock import DatabaseLock, boot_id
from linod.loglevels import LogLevel
from linod.models import detached, job_row, task_row
from linod.policies import policy_of
from linod.procedures import procedures
from linod.request import BaseRequest
from linod.runner import words
from linod.runner.clockset import set_back_while_down, told
from linod.runner.settling import settle
from linod.runner.site import Site
from linod.runner.turn import Ended, Started, request_and_claim, write_notes
from linod.store import Store
from linod.tasks import Task, TaskKey, label
from linod.users import Users

log = logging.getLogger("lino")

Say = Callable[[Entry], None]


@contextmanager
def serving(place: Place, clock: Clock) -> Iterator[Store]:
    """Serve the site: hold the lock, and settle what a linod before has left.

    Raises  Busy while a daemon serves it, ConfigurationError, DatabaseAway.
    """
    lock = DatabaseLock(place.database_file, place.site)
    try:
        lock.acquire(clock)
    except Busy as error:
        advice = f"a task that shall run now is asked of that one: `{place.ctl} run-now TASK`, or task.run_now()"
        raise Busy(f"{error}; {advice}") from error
    try:
        store = Store(place.database, zone=ZoneInfo(place.time_zone))
        store.open()
        try:
            zone = ZoneInfo(place.time_zone)
            settle(store, clock.now(), zone, place.policy)
            _notice_set_back(store, clock.now(), zone)
            store.install_user(place.daemon_user)
            yield store
        finally:
            store.close()
    finally:
        lock.release()


def _notice_set_back(store: Store, now: datetime, zone: ZoneInfo) -> None:
    """Record that the clock was set back since a linod served the site: the rows of this process would hide it from
    the next daemon, which plans anew what was planned by the old time."""
    seen = store.last_seen()
    change = set_back_while_down(seen.ledger, seen.recorded, now)
    if change is not None:
        store.clock_changed(change.expected, change.now, change.slept)
        log.warning(told(change, zone))


def run_here(
    store: Store,
    place: Place,
    clock: Clock,
    find: Callable[[], Task],
    *,
    by: str,
    log_level: str | None = None,
    logger: logging.Logger | None = None,
    say: Say = lambda entry: None,
) -> Job:
    """Request a task, claim it at once, run it, and end its job.

    store      open, and this process holds the lock.
    find       gives the task; called in the transaction of the claim.
    by         who asks.
    log_level  for this run only.
    say        shows the records of the job, and those about it.
    Returns    the job as it ended.
    Raises     BadValue when its procedure cannot run here: nothing was written then.
    """
    zone = ZoneInfo(place.time_zone)
    _check(find())
    task = find()
    seen = store.last_seen().recorded
    site = Site(uuid4().hex, boot_id(), zone, {task.kind: {task.procedure}}, seen=seen, policy=place.policy)
    with Told() as told:
        task, job, _ = request_and_claim(store, find, by, log_level, clock.now(), site, _nobody, None)
        assert job is not None, "nobody else has the lock, and the task has no job"
        pid, began = os.getpid(), clock.monotonic()
        write_notes(store, [Started(job, pid, process_started(pid), clock.now())], site)
        about = _About(job, say)
        about.say(logging.DEBUG, words.starts(task, job), Event.JOB_STARTED)
        tail = Tail(zone)

        def take(moment: float, level: int, name: str, text: str) -> None:
            tail.add(moment, level, text)
            say(Entry(level, text, None, about.fields, True))

        ar = _request(task, job, store.site_users(place.daemon_user), place, logger)
        outcome = execute(task.procedure, ar, LogLevel[job.log_level].value, take, told)
        at = clock.now()
        if outcome.traceback or outcome.message:
            level = logging.WARNING if outcome.state in (State.WARNED, State.SUCCEEDED) else logging.ERROR
            tail.add(at.timestamp(), level, outcome.traceback or outcome.message)
        ended = Ended(job, outcome, at, tail.text(), tail.lines, tail.dropped)
        write_notes(store, [ended], site)
        about.end(task, ended, clock.monotonic() - began, place)
    return store.job(job.id) or job


def request(place: Place, clock: Clock | None = None) -> BaseRequest:
    """A request with which `SystemTask.run(ar)` runs tasks in this process.

    place   the site: `Place.of(settings)`.
    """
    clock = clock or SystemClock()

    def run_task(task: Any, logger: logging.Logger | None) -> Job:
        from linod.models.requests import user_name

        key = TaskKey(task.kind, task.id)
        with serving(place, clock) as store:
            return run_here(store, place, clock, lambda: store.existing(key), by=user_name(), logger=logger)

    return BaseRequest(run_task=run_task)


def _check(task: Task) -> None:
    procedure = procedures.get(task.procedure)
    if procedure is None or procedure.problem:
        why = procedure.problem if procedure else "no plugin that this process has imported registers it"
        raise BadValue(f"{label(task)} cannot run here: procedure {task.procedure}: {why}")
    if procedure.class_name != task.kind:
        why = f"procedure {task.procedure} is for tasks of {procedure.class_name}"
        raise BadValue(f"{label(task)} cannot run here: {why}")


def _request(task: Task, job: Job, users: Users, place: Place, logger: logging.Logger | None) -> BaseRequest:
    row = task._replace(last_start_time=job.claimed_at, last_end_time=None, requested_at=None, job_id=job.id)
    return BaseRequest(
        task=detached(task.kind, task_row(row)),
        job=job_row(job),
        user=users.row(users.daemon_user, place.time_zone),
        request_user=users.row(job.requested_by, place.time_zone),
        logger=logger,
    )


def _nobody(task: Task) -> None:
    """The claim needs no record of who asked: `requested_by` says it."""


class _About:
    """Records about a job: the level of the job decides whether they are shown."""

    def __init__(self, job: Job, say: Say) -> None:
        self.fields = words.job_fields(job)
        self._level = LogLevel[job.log_level].value
        self._say = say

    def say(self, level: int, text: str, event: Event, **fields: str) -> None:
        if level >= self._level or level >= logging.WARNING:
            self._say(Entry(level, text, event, {**self.fields, **fields}, False))

    def end(self, task: Task, note: Ended, seconds: float, place: Place) -> None:
        job, outcome = note.job, note.outcome
        level, text, event = words.ending(task, job, outcome, seconds, place.ctl, policy_of(task, place.policy))
        self.say(level, text, event, LINOD_OUTCOME=outcome.state.value)
