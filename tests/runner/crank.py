"""A runner over a real database, with a clock and a host that tests move by hand."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from linod.host.protocol import HostAway, Order
from linod.jobs import Ending, Job, Outcome, State
from linod.journal import Entry, Journal
from linod.loglevels import LogLevel
from linod.notify import Notifier
from linod.procedures import Procedure
from linod.runner import Runner, Site, Supervisor
from linod.settings import Settings
from linod.store import Store
from linod.store.thread import DatabaseThread
from linod.tasks import SYSTEM_TASK, Task

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Brussels")


class FakeClock:
    """Time goes by as a test assigns to `at`."""

    def __init__(self) -> None:
        self.at = NOON
        self._set_by = timedelta()
        self._slept = timedelta()

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.boottime() - self._slept.total_seconds()

    def boottime(self) -> float:
        return (self.at - self._set_by - NOON).total_seconds()

    def forward(self, **duration: float) -> None:
        self.at += timedelta(**duration)

    def set(self, to: datetime) -> None:
        """Somebody sets the wall clock."""
        self._set_by += to - self.at
        self.at = to

    def sleep(self, **duration: float) -> None:
        """The machine sleeps."""
        self._slept += timedelta(**duration)
        self.at += timedelta(**duration)


class FakeHost:
    """Takes orders; its jobs end when a test says so."""

    def __init__(self) -> None:
        self.ready = True
        self.away: HostAway | None = None  # what a job meets that shall start
        self.orders: list[Order] = []
        self.ended: list[tuple[int, str, str]] = []

    def reserve(self) -> None:
        """No child waits: every order comes through the loop."""

    def start_job(self, order: Order, child: None = None) -> None:
        if self.away is not None:
            raise self.away
        self.orders.append(order)

    def end_job(self, job_id: int, state: State, reason: str, grace: float) -> Ending:
        self.ended.append((job_id, state.value, reason))
        return Ending(reason, new=True)


class Lines:
    """A writer that keeps what is logged."""

    trouble = ""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def write(self, entry: Entry) -> None:
        self.entries.append(entry)


class Crank:
    """One runner. `async with Crank(tmp_path) as crank`."""

    def __init__(self, directory: Path, max_jobs: int = 2) -> None:
        self.clock = FakeClock()
        self.host = FakeHost()
        self.lines = Lines()
        self.journal = Journal(self.lines)
        self.db = DatabaseThread()
        self.file = directory / "linod.sqlite"
        self.store = Store(f"sqlite:///{self.file}", busy_timeout=50)
        self.settings = Settings(
            site="s",
            file=None,
            place=directory / "linod.toml",
            state_dir=directory,
            runtime_dir=directory,
            database=f"sqlite:///{self.file}",
            time_zone=ZONE.key,
            daemon_user="linod",
            log_level=LogLevel.INFO,
            max_jobs=max_jobs,
        )
        self.names: set[str] = set()

    async def __aenter__(self) -> "Crank":
        self.db.start()
        await self.db.run(self.store.open)
        self.supervisor = Supervisor(self.journal, self.clock, ZONE, "linod-ctl", lambda: self.runner.note())
        self.supervisor.host = self.host  # type: ignore[assignment]  # a fake has what the supervisor uses
        site = Site("node", "boot", ZONE, {})
        self.runner = Runner(
            self.settings, self.store, self.db, self.supervisor, self.journal, self.clock, Notifier({}), site
        )
        return self

    async def __aexit__(self, *ended: object) -> None:
        await self.db.run(self.store.close)
        self.db.close()
        self.journal.close()

    async def tasks(self, *names: str, runnable: bool = True, **defaults: object) -> list[Task]:
        """Install tasks for procedures of these names."""
        procedures = [Procedure(name, "plugin", defaults={"every_unit": "never", **defaults}) for name in names]
        rows = await self.db.run(self.store.install, procedures, self.clock.now(), self.clock.now().date())
        if runnable:
            self.names |= set(names)
        self.runner.site = self.runner.site._replace(procedures={SYSTEM_TASK: frozenset(self.names)})
        self.runner.poke()
        return rows

    async def request(self, task: Task) -> Job | None:
        return (await self.runner.request(lambda: task, "robin", None, lambda task: None)).job

    async def turn(self) -> list[str]:
        """One pass; the names of the tasks that it started."""
        return [task.name for task, _ in (await self.runner.run_pass(self.clock.now())).claimed]

    def end(self, name: str, state: State = State.SUCCEEDED, message: str = "") -> None:
        """The running job of a task ends."""
        job = next(running.job for running in self.supervisor.book.jobs.values() if running.task.name == name)
        self.supervisor.job_started(job.id, 4711, 99)
        self.supervisor.job_ended(job.id, Outcome(state, message), 0)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Another program has locked the database as long as this lasts."""
        with closing(sqlite3.connect(self.file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield

    async def row(self, name: str) -> Task:
        (task,) = await self.db.run(self.store.find, name)
        return task

    async def jobs(self) -> Sequence[Job]:
        return await self.db.run(lambda: self.store.jobs(limit=100))

    def logged(self) -> list[str]:
        self.journal.drain()
        return [entry.text for entry in self.lines.entries]
