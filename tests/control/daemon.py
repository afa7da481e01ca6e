"""A daemon without a host: the real store and the real methods, and jobs that end when the test says so."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from linod.control.methods import handlers
from linod.control.report import Report
from linod.errors import DatabaseAway, LinodError
from linod.host.protocol import Loaded
from linod.jobs import DISABLING, Ending, Job, Outcome, State
from linod.journal import Tail
from linod.kinds import Kind
from linod.policies import LINODS
from linod.procedures import Procedure
from linod.runner.book import Book, Follower, Running
from linod.store import Store
from linod.store.thread import DatabaseThread
from linod.tasks import NOTHING_TO_PLAN, Task, TaskKey
from linod.users import User
from tests.control.place import VERSION, Place

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
T = TypeVar("T")
BRUSSELS = ZoneInfo("Europe/Brussels")

PROCEDURES = (
    Procedure("checkdata", "linod.demo", defaults={"every_unit": "daily", "every": 1}),
    Procedure("checksummaries", "linod.demo", defaults={"every_unit": "daily", "every": 1}),
    Procedure("send_pending_emails_often", "linod.demo", defaults={"every_unit": "secondly", "every": 10}),
    Procedure("nightly", "linod.demo"),
)
BROKEN = Procedure("broken", "my.plugin", file="my/plugin.py", line=7, problem="my/plugin.py:7: takes no argument")


@dataclass(frozen=True)
class PluginReport:
    name: str
    file: str
    ok: bool
    error: str = ""
    traceback: str = ""


@dataclass(frozen=True)
class Finding:
    plugin: str
    kind: str
    text: str
    cure: str


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def boottime(self) -> float:
        return self.monotonic()


@dataclass(frozen=True)
class Requested:
    task: Task
    job: Job | None
    new: bool


NO_HOST: Any = None
"""Who runs the jobs of this daemon: nobody."""


class Daemon:
    """`Operations` over a real store; `place` serves its methods.

    slots   job slots: with 0 requests wait.
    log     what was audited.
    """

    def __init__(self, place: Place, directory: Path) -> None:
        self.place = place
        self.clock = Clock()
        self.zone = BRUSSELS
        self.store = Store(f"sqlite:///{directory / 'linod.sqlite'}")
        self.db = DatabaseThread()
        self.slots = 4
        self.defaults: dict[str, object] = {}
        self.queues: dict[str, int] = {}
        self.log: list[tuple[str, Mapping[str, str]]] = []
        self.pokes = 0
        self.told_users: list[User] = []
        self.killed: list[tuple[int, str]] = []
        self.loaded: Sequence[Procedure] | None = PROCEDURES
        self.brought: Sequence[Kind] = ()
        self.facts = Report(
            version=VERSION,
            site="linod",
            state="ready",
            pid=4711,
            since=NOW - timedelta(hours=2),
            settings_file="/etc/linod/linod.toml",
            database="/var/lib/linod/linod/linod.sqlite",
            database_problem="",
            time_zone="Europe/Brussels",
            log="journal",
            max_jobs=4,
            host_state="ready",
            host_pid=4712,
            host_python="/usr/bin/python3",
            host_size_kib=20 * 1024,
            host_problem="",
            control_group="/sys/fs/cgroup/system.slice/linod.service",
            controllers=("cpu", "io", "memory", "pids"),
            limits_problem="",
            plugins=(PluginReport("linod.demo", "/usr/lib/linod/demo.py", True),),
        )
        self.trimmed: list[TaskKey] = []
        self.reload_error: LinodError | None = None
        self._book = Book()

    # for tests

    def open(self) -> None:
        self.place.loop.call(self.db.start)
        self.run(self.store.open)
        self.run(lambda: self.store.install(PROCEDURES, NOW, date(2026, 11, 24)))

    def serve(self, *, log_each: bool = False) -> None:
        self.place.serve(handlers(self), log_each=log_each)

    def close(self) -> None:
        self.place.stop()
        self.run(self.store.close)
        self.place.loop.call(self.db.close)

    def run(self, func: Callable[[], T]) -> T:
        """Call in the database thread."""
        return self.place.loop.run(self.db.run(func))

    def task(self, name: str) -> Task:
        (found,) = self.run(lambda: self.store.find(name))
        return found

    def jobs(self, name: str | None = None) -> list[Job]:
        key = None if name is None else self.task(name).key
        return self.run(lambda: self.store.jobs(key=key, states=None, before_id=None, limit=100))

    @property
    def followers(self) -> int:
        return len(self._book._followers)

    def say(self, job_id: int, text: str, level: int = logging.INFO) -> None:
        """A running job logs a line."""

        def record() -> None:
            running = self._book.jobs[job_id]
            time = self.clock.now().timestamp()
            running.tail.add(time, level, text)
            event = {"event": "record", "job": job_id, "time": time, "level": level, "text": text}
            self._book.tell(running, event)

        self.place.loop.call(record)

    def progress(self, job_id: int, done: int, total: int) -> None:
        def tell() -> None:
            self._book.jobs[job_id].progress = (done, total)

        self.place.loop.call(tell)

    def claim(self, name: str) -> Job:
        """Claim what waits for a slot, as the next turn would."""
        return self.place.loop.run(self._claim(self.task(name)))

    def end(self, job_id: int, state: State = State.SUCCEEDED, message: str = "", seconds: float = 0.31) -> None:
        """A running job ends; a failure disables its task."""
        self.place.loop.run(self._end(job_id, Outcome(state, message), seconds))

    # Operations

    async def request(
        self, find: Callable[[], Task], by: str, log_level: str | None, also: Callable[[Task], None]
    ) -> Requested:
        task, new = await self.db.run(self._request, find, by, log_level, also)
        job = await self._claim(task) if self.slots and task.job_id is None else None
        return Requested(task, job, new)

    daemon_user = "robin"
    policy = LINODS

    async def users_changed(self) -> None:
        self.told_users = await self.db.run(self.store.users)

    def poke(self) -> None:
        self.pokes += 1

    def trim(self, key: TaskKey) -> None:
        self.trimmed.append(key)

    def kill(self, job_id: int, cause: str) -> Ending | None:
        if job_id not in self._book.jobs:
            return None
        first = next((told for job, told in self.killed if job == job_id), None)
        self.killed.append((job_id, cause))
        return Ending(first or cause, first is None)

    def running(self) -> Sequence[Running]:
        return list(self._book.jobs.values())

    def follow_job(self, job_id: int) -> Follower | None:
        return self._book.follow_job(job_id)

    def follow_request(self, key: TaskKey, requested_at: datetime) -> Follower:
        return self._book.follow_request(key, requested_at)

    def follow_task(self, key: TaskKey | None) -> Follower:
        return self._book.follow_task(key)

    def request_cancelled(self, job: Job) -> None:
        self._book.tell_end(job)

    def procedures(self) -> Sequence[Procedure] | None:
        return self.loaded

    def kinds(self) -> Sequence[Kind] | None:
        return None if self.loaded is None else self.brought

    def report(self) -> Report:
        return self.facts

    def tell_of(self, **facts: object) -> None:
        """Change what the report says."""
        self.facts = self.facts._replace(**facts)  # type: ignore[arg-type]

    def audit(self, text: str, fields: Mapping[str, str]) -> None:
        self.log.append((text, fields))

    # what the runner would do

    def _request(
        self, find: Callable[[], Task], by: str, log_level: str | None, also: Callable[[Task], None]
    ) -> tuple[Task, bool]:
        with self.store.transaction():
            task, new = self.store.request(find().key, by, self.clock.now(), log_level)
            if new:
                also(task)
        return task, new

    async def until_loaded(self) -> None:
        """They are, here."""

    async def reload(self) -> Loaded:
        if self.reload_error is not None:
            raise self.reload_error
        plugins: Any = self.facts.plugins
        return Loaded(tuple(self.loaded or ()), plugins, ())

    async def _claim(self, task: Task) -> Job:
        def claim() -> Job:
            now = self.clock.now()
            job = self.store.claim(task, by_request=True, slot=None, now=now, node="n", boot_id="b")
            assert job is not None
            self.store.started(job.id, 4713, 99, now)
            return job._replace(state=State.RUNNING, started_at=now)

        job = await self.db.run(claim)
        self._book.open(Running(task, job, Tail(self.zone), self.clock.monotonic(), NO_HOST))
        return job

    async def _end(self, job_id: int, outcome: Outcome, seconds: float) -> None:
        running = self._book.jobs[job_id]
        self.clock.at += timedelta(seconds=seconds)
        at = self.clock.now()

        def end() -> None:
            self.store.end(
                running.job,
                outcome,
                at,
                next_due=NOTHING_TO_PLAN,
                disable=outcome.state in DISABLING,
                log=running.log,
                log_lines=running.tail.lines,
                log_dropped=running.tail.dropped,
                message=running.log,
            )

        await self.db.run(end)
        del self._book.jobs[job_id]
        self._book.tell(running, {"event": "ended", "job": job_id, "state": outcome.state, "message": outcome.message})


class AwayThread:
    """A database thread whose database is away."""

    async def run(self, func: Callable[..., object], *args: object) -> object:
        await asyncio.sleep(0)
        raise DatabaseAway("the database is locked")
