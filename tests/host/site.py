"""A host with plugins of the test's own, and what it reports."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

from linod.cgroups.groups import Groups
from linod.clock import SystemClock
from linod.errors import ConfigurationError
from linod.host.client import HostClient
from linod.host.process import HostProcess, spawn
from linod.host.protocol import Loaded, Order, Record
from linod.jobs import Outcome
from linod.settings import HostSettings

PATIENCE = 60.0
"""Seconds after which a test gives up waiting for an event."""


@dataclass
class Seen:
    """What was reported of one job."""

    started: list[tuple[int | None, int | None]] = field(default_factory=list)
    reported: int = 0
    records: list[Record] = field(default_factory=list)
    progress: list[tuple[int, int]] = field(default_factory=list)
    ends: list[tuple[Outcome, int]] = field(default_factory=list)
    unread: list[tuple[Outcome, bool]] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome:
        """How it ended: once."""
        assert len(self.ends) == 1
        return self.ends[0][0]

    @property
    def dropped(self) -> int:
        return self.ends[0][1]

    @property
    def texts(self) -> list[str]:
        return [record.text for record in self.records]

    @property
    def pid(self) -> int:
        pid = self.started[0][0]
        assert pid is not None
        return pid


class Events:
    """Keeps what the client reports, and wakes who waits for it."""

    def __init__(self) -> None:
        self.jobs: dict[int, Seen] = {}
        self.loads: list[Loaded] = []
        self.losses: list[tuple[str, ConfigurationError | None]] = []
        self.loading: list[str] = []
        self.output: list[str] = []
        self._changed = asyncio.Event()

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until what was reported makes `true` so."""
        async with asyncio.timeout(PATIENCE):
            while not true():
                self._changed.clear()
                await self._changed.wait()

    def _of(self, job_id: int) -> Seen:
        self._changed.set()
        seen = self.jobs.setdefault(job_id, Seen())
        assert not seen.ends and not seen.unread, "nothing comes after the end"
        return seen

    def host_ready(self, loaded: Loaded) -> None:
        self.loads.append(loaded)
        self._changed.set()

    def host_lost(self, reason: str, fatal: ConfigurationError | None) -> None:
        self.losses.append((reason, fatal))
        self._changed.set()

    def plugin_loading(self, name: str) -> None:
        self.loading.append(name)
        self._changed.set()

    def host_output(self, text: str) -> None:
        self.output.append(text)
        self._changed.set()

    def job_started(self, job_id: int, pid: int | None, pid_started: int | None) -> None:
        self._of(job_id).started.append((pid, pid_started))

    def job_record(self, job_id: int, record: Record) -> None:
        self._of(job_id).records.append(record)

    def job_reported(self, job_id: int) -> None:
        self._of(job_id).reported += 1

    def job_progress(self, job_id: int, done: int, total: int) -> None:
        self._of(job_id).progress.append((done, total))

    def job_unread(self, job_id: int, outcome: Outcome, *, died: bool) -> None:
        self._of(job_id).unread.append((outcome, died))

    def job_ended(self, job_id: int, outcome: Outcome, dropped: int) -> None:
        self._of(job_id).ends.append((outcome, dropped))


class Site:
    """A directory with plugins, and a client with its host: `async with site`."""

    def __init__(
        self, directory: Path, plugins: Sequence[str], host: HostSettings, keep_fds: Sequence[int] = ()
    ) -> None:
        self.directory = directory
        self.plugins = plugins
        self.host = host
        self.keep_fds = keep_fds
        self.entry_points = False
        self.groups: Groups | None = None
        self.spawned: list[HostProcess] = []
        self._last_job = 0

    def spawn(self) -> HostProcess:
        process = spawn(self.host, keep_fds=self.keep_fds, environ=os.environ)
        self.spawned.append(process)
        return process

    async def __aenter__(self) -> "Site":
        self.start()
        try:
            await self.events.until(lambda: self.events.loads or any(fatal for _, fatal in self.events.losses))
        except BaseException:
            await self.client.stop(1.0)
            raise
        return self

    def start(self) -> None:
        self.events = Events()
        self.client = HostClient(
            self.host,
            self.plugins,
            events=self.events,
            clock=SystemClock(),
            spawn=self.spawn,
            entry_points=self.entry_points,
            groups=self.groups,
        )
        self.client.start()

    async def __aexit__(self, *raised: object) -> None:
        await self.client.stop(10.0)
        assert all(len(seen.ends) + len(seen.unread) == 1 for seen in self.events.jobs.values())

    @property
    def loaded(self) -> Loaded:
        return self.events.loads[-1]

    def begin(
        self,
        procedure: str,
        level: str = "INFO",
        task: dict[str, object] | None = None,
        limits: dict[str, int] | None = None,
    ) -> int:
        """Hand a job over; returns its id."""
        self._last_job += 1
        job_id = self._last_job
        job = {"id": job_id, "attempt": 1, "slot": None}
        user = {"id": 1, "username": "robin"}
        self.client.start_job(Order(job_id, procedure, level, task or {}, job, user, limits=limits or {}))
        self.events.jobs.setdefault(job_id, Seen())
        return job_id

    async def end_of(self, job_id: int) -> Seen:
        """Wait for the job's end; returns all that was reported of it."""
        await self.events.until(lambda: self.events.jobs[job_id].ends)
        return self.events.jobs[job_id]

    async def over(self, job_id: int) -> Seen:
        """Wait for its end, or until it is sure that nobody has read its order."""
        await self.events.until(lambda: self.events.jobs[job_id].ends or self.events.jobs[job_id].unread)
        return self.events.jobs[job_id]

    async def run(self, procedure: str, level: str = "INFO", task: dict[str, object] | None = None) -> Seen:
        """One job from its order to its end."""
        return await self.end_of(self.begin(procedure, level, task))

    async def said(self, job_id: int, text: str | None = None) -> Seen:
        """Wait until the job has logged this text, or any, and its process is known, of which the host tells."""
        seen = self.events.jobs[job_id]
        await self.events.until(lambda: (seen.texts if text is None else text in seen.texts) and seen.started)
        return seen


def make_site(
    directory: Path, *, keep_fds: Sequence[int] = (), host: HostSettings | None = None, **plugins: str
) -> Site:
    """A site whose plugins are the keywords, each with its source; `shop__init` is the package."""
    for name, source in plugins.items():
        parts = ["__init__" if part == "init" else part for part in name.split("__")]
        file = directory.joinpath(*parts).with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(source))
    tops = list(dict.fromkeys(name.partition("__")[0] for name in plugins))
    host = (host or HostSettings(python=sys.executable))._replace(path=(str(directory),))
    return Site(directory, tops, host, keep_fds)


def playing(play: Coroutine[Any, Any, None]) -> None:
    """Run a test's coroutine. A hung one ends with a stack, not with the patience of whoever waits for the tests."""
    signal.alarm(int(PATIENCE * 3))
    try:
        asyncio.run(play)
    finally:
        signal.alarm(0)


def alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


async def gone(pid: int) -> None:
    """Wait until a process, which need not be ours, has ended."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(pidfd, ended.set)
    try:
        async with asyncio.timeout(PATIENCE):
            await ended.wait()
    finally:
        loop.remove_reader(pidfd)
        os.close(pidfd)
