"""The daemon from its first breath to its last: opens what it needs in order, and closes it in the other."""

import asyncio
import gc
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

from linod.app.control import serve_control
from linod.app.hostnews import HostNews
from linod.app.reload import Reload, Retired
from linod.app.signals import EarlySignals
from linod.app.statusline import StatusLine
from linod.cgroups.groups import Groups
from linod.clock import Clock
from linod.errors import DatabaseAway, LinodError
from linod.host.client import HostClient
from linod.host.process import HostProcess, spawn
from linod.host.protocol import HostEvents, Loaded
from linod.jobs import Job
from linod.journal import Event, Journal
from linod.lock import DatabaseLock, boot_id
from linod.notify import Notifier
from linod.procedures import Procedure
from linod.runner import Absence, Drain, Runner, Site, Supervisor, run_loops, words
from linod.settings import Options, Settings
from linod.store import Store
from linod.store.thread import DatabaseThread
from linod.tasks import label

log = logging.getLogger("lino")

LOADING_STEP = 5.0
"""Seconds between two extensions of systemd's start timeout while the host imports the plugins."""


class Daemon:
    """One site, served by this process. Lives in the loop; `serve` is its whole life.

    lock     held; the host has inherited it.
    process  the host, started already: it imports the plugins while this process imports the rest.
    groups   are being prepared.
    early    stop signals that came before the loop.
    """

    def __init__(
        self,
        settings: Settings,
        options: Options,
        journal: Journal,
        clock: Clock,
        lock: DatabaseLock,
        process: HostProcess,
        groups: Groups,
        early: EarlySignals,
    ) -> None:
        self.settings = settings
        self.options = options
        self.journal = journal
        self.clock = clock
        self.notifier = Notifier(settings.environ, clock)
        self.since = clock.now()
        self.zone = ZoneInfo(settings.time_zone)
        self.ctl = "linod-ctl" if settings.site == "linod" else f"linod-ctl --site {settings.site}"
        self.store = Store(settings.database)
        self.db = DatabaseThread()
        self.supervisor = Supervisor(journal, clock, self.zone, self.ctl, self._note)
        self._lock = lock
        self.groups = groups
        self.news = self._make_news()
        self.host = self.new_host(settings, self.news, process)
        self.supervisor.host = self.host
        self._set_policy(settings)
        self.runner: Runner
        self.reload = Reload(self)
        self._retired = Retired()
        self._reloading: asyncio.Task[None] | None = None
        self._renewed: asyncio.Task[None] | None = None
        self._early = early
        self._changed = asyncio.Event()
        self._stops = 0
        self._fatal: LinodError | None = None
        self._drain: Drain | None = None
        self._prep = False
        self._ready_once = False
        self._ready_or_stopping = asyncio.Event()
        self.on_ready: list[Callable[[], object]] = []
        self.on_settings: list[Callable[[Settings], object]] = []
        self._line = StatusLine(self._status, self.notifier.status)

    async def serve(self, loops: int | None) -> None:
        """Run until stopped; with `loops`, that many loops. Raises LinodError when the site cannot be served."""
        self._prep = loops is not None
        async with AsyncExitStack() as stack:
            self._early.hand_over(asyncio.get_running_loop(), self._stop, self._hangup)
            if self.settings.log_dir is not None:
                from linod.app.logdir import serve_logs

                stack.enter_context(serve_logs(self, self.settings.log_dir))
            stack.callback(self.db.close)
            self.db.start()
            await self._open_store()
            stack.push_async_callback(self.db.run, self.store.close)
            self.runner = self._make_runner()
            if loops is None:
                await stack.enter_async_context(serve_control(self))
            stack.push_async_callback(self._stop_hosts)
            self.host.start()
            self.supervisor.users = await self.db.run(self.store.site_users, self.settings.daemon_user)
            await self.runner.resume()
            await self._until_loaded()
            if not self._stops:
                await (self.runner.run(self._ready) if loops is None else run_loops(self.runner, self.clock, loops))
            await self.reload.stop()
            self._line.stop()
            self._drain = Drain(self.runner, self.clock, self.notifier)
            await self._drain.run()
            if self._fatal is not None:
                raise self._fatal

    async def _stop_hosts(self) -> None:
        await self.host.stop(self.settings.kill_grace)
        await self._retired.stop(self.settings.kill_grace)

    # the start

    def _make_news(self) -> HostNews:
        return HostNews(self.supervisor, self.journal, self.options, self._loaded, self._host_lost)

    def new_host(self, settings: Settings, events: HostEvents, process: HostProcess | None = None) -> HostClient:
        """A host for these settings. It inherits the lock, so that a newcomer waits for its jobs, too."""
        return HostClient(
            settings.host,
            settings.plugins,
            events=events,
            clock=self.clock,
            process=process,
            spawn=lambda: spawn(settings.host, keep_fds=[self._lock.fd], environ=settings.environ),
            max_jobs=settings.max_jobs,
            groups=self.groups,
        )

    async def _open_store(self) -> None:
        await self._patiently(self.db.run(self.store.open))
        self.groups.wait()  # with it what a dead daemon's jobs had started has ended
        if self.groups.problem and "INVOCATION_ID" in self.settings.environ:  # without systemd nobody expects any
            log.info(self.groups.problem, extra={"event": Event.NO_LIMITS})
        now = self.clock.now()
        for job in await self._settle(now) if await self.db.run(self.store.left_over) else ():
            text = f"Job {job.id} of {job.task_name} was interrupted: linod ended while it ran"
            fields = words.job_fields(job) | {"LINOD_OUTCOME": "interrupted"}
            self.journal.send(logging.WARNING, text, event=Event.INTERRUPTED, fields=fields)

    async def _settle(self, now: datetime) -> Sequence[Job]:
        from linod.runner.settling import settle

        return await self.db.run(settle, self.store, now, self.zone, self.settings.policy)

    async def _patiently(self, opening: Coroutine[None, None, None]) -> None:
        """Tell systemd that the start goes on: the migration of a large database, or its copy, takes a while."""
        task = asyncio.ensure_future(opening)
        while not (await asyncio.wait({task}, timeout=LOADING_STEP))[0]:
            self.notifier.extend_timeout(2 * LOADING_STEP)
        await task

    def _make_runner(self) -> Runner:
        absence = Absence(self.clock.now(), "linod was down")
        site = Site(uuid4().hex, boot_id(), self.zone, procedures={}, absence=absence, policy=self.settings.policy)
        return Runner(
            self.settings, self.store, self.db, self.supervisor, self.journal, self.clock, self.notifier, site
        )

    async def _until_loaded(self) -> None:
        """Wait for the host. Until then systemd hears that the start goes on, and `linod-ctl status` is answered."""
        loop = asyncio.get_running_loop()
        while self.news.loaded is None and not self._stops:
            self.notifier.extend_timeout(2 * LOADING_STEP)
            self.notifier.status(self.news.status)
            timer = loop.call_later(LOADING_STEP, self._changed.set)
            await self._changed.wait()
            timer.cancel()
            self._changed.clear()
        if self.news.loaded is not None and not self._stops:
            await self._use(self.news.loaded)
            text = f"Start task runner using {log}..."
            self.journal.send(logging.INFO, text, event=Event.STARTED)

    async def _use(self, loaded: Loaded) -> None:
        """Let the runner run what the host has loaded, and install the rows that are missing."""
        self.news.loaded = loaded = await self.adopt_kinds(loaded)
        await self.install(loaded, self.settings)
        self._run(loaded)

    async def adopt_kinds(self, loaded: Loaded) -> Loaded:
        """Make the tables of the kinds of task that the plugins have brought."""
        if not loaded.kinds:
            return loaded
        from linod.app.kinds import adopt_kinds

        return await adopt_kinds(loaded, self.store, self.db, self.journal)

    async def install(self, loaded: Loaded, settings: Settings) -> None:
        """Add a task for each procedure that never had one."""
        runnable = [item for item in loaded.procedures if not item.problem]
        today = self.clock.now().astimezone(ZoneInfo(settings.time_zone)).date()
        queues = frozenset(settings.queues)
        new = await self.db.run(self.store.not_installed, runnable)
        for task in await self.db.run(self.store.install, new, self.clock.now(), today, queues) if new else ():
            text = f"Installed {label(task)}"
            self.journal.send(logging.INFO, text, event=Event.TASK_INSTALLED, fields=words.task_fields(task))

    def _run(self, loaded: Loaded) -> None:
        found: dict[str, set[str]] = {}
        for item in loaded.procedures:
            if not item.problem and self._may_run(item):
                found.setdefault(item.class_name, set()).add(item.name)
        settings = self.settings
        self.runner.site = self.runner.site._replace(
            procedures=found, zone=self.zone, policy=settings.policy, queues=settings.queues
        )
        self.runner.poke()

    async def adopt(self, settings: Settings, host: HostClient, loaded: Loaded) -> None:
        """Go on with new settings and another host, which has loaded; the old one ends after its last job."""
        users = await self.db.run(self.store.site_users, settings.daemon_user)
        old, self.host, self.settings, self.zone = self.host, host, settings, ZoneInfo(settings.time_zone)
        self.news = self._make_news()
        self.news.loaded = loaded
        self.news.warn(loaded)
        host.events = self.news
        self.supervisor.host, self.supervisor.users, self.supervisor.zone = host, users, self.zone
        self._set_policy(settings)
        self.runner.settings = settings
        self.runner.trim(None)
        log.setLevel(settings.log_level.value)
        for call in self.on_settings:
            call(settings)
        self._lock.name_host(loaded.pid)
        self._run(loaded)
        self._retired.add(old)

    def _set_policy(self, settings: Settings) -> None:
        self.supervisor.policy, self.supervisor.kill_grace = settings.policy, settings.kill_grace

    def _may_run(self, procedure: Procedure) -> bool:
        return procedure.during_initdb or not self._prep

    def _ready(self) -> None:
        self._ready_once = True
        self._ready_or_stopping.set()
        self.tell_ready()
        gc.freeze()
        gc.enable()
        from linod.runner.lengthy import Lengthy  # nobody runs for two hours before READY

        self._lengthy = Lengthy(self.supervisor, self.store, self.db, self.journal, self.clock, self.ctl)
        self.runner.on_turn = self._turned
        self.runner.database.on_replaced = self._hangup  # the other database may lack what the plugins bring
        for call in self.on_ready:
            call()

    async def wait_ready(self) -> None:
        """Return when the first pass begins. Raises LinodError when linod stops before."""
        await self._ready_or_stopping.wait()
        if not self._ready_once:
            raise LinodError("linod is stopping")

    def tell_ready(self) -> None:
        """Tell systemd: at the start, and after a reload whatever came of it."""
        self.notifier.ready(self._status())

    def _turned(self) -> None:
        self._lengthy.look()
        self._line.may_have_changed()

    def _status(self) -> str:
        """The line that `systemctl status` shows."""
        counts, running = self.runner.counts, len(self.supervisor.book.jobs)
        parts = [f"{counts.get('tasks', 0)} tasks, {running} running, {counts.get('disabled', 0)} disabled"]
        loaded = self.news.loaded
        broken = [plugin.name for plugin in loaded.plugins if not plugin.ok] if loaded else []
        if broken:
            parts.append(f"left out: plugin {', '.join(broken)}")
        if self.news.problem:
            parts.append(f"no host: {self.news.problem}")
        if self.groups.missing:
            parts.append(self.groups.missing)
        if self.runner.database.problem:
            parts.append(self.runner.database.problem)
        return "; ".join(parts)

    @property
    def state(self) -> str:
        """loading, ready or draining: what `linod-ctl status` says first."""
        if self._stops:
            return "draining"
        return "ready" if self._ready_once else "loading"

    # what others tell it

    def _note(self) -> None:
        self.runner.note()

    def _loaded(self, loaded: Loaded) -> None:
        self._changed.set()
        if self._ready_once:  # another host, for which requests have waited; its plugins may have changed
            self._renewed = asyncio.get_running_loop().create_task(self._use_again(loaded))

    async def _use_again(self, loaded: Loaded) -> None:
        with suppress(DatabaseAway):  # the next turn says so; what ran before runs on
            self.news.loaded = loaded = await self.adopt_kinds(loaded)
        self._run(loaded)

    def _host_lost(self, fatal: LinodError | None) -> None:
        if fatal is not None:
            self._fatal = fatal
            self._stop("a configuration error")
        self._changed.set()

    def _hangup(self) -> None:
        """SIGHUP, and no terminal that could have hung up: reload. What is wrong is in the log."""
        self._reloading = asyncio.get_running_loop().create_task(self._reload_quietly())

    async def _reload_quietly(self) -> None:
        with suppress(LinodError):
            await self.reload.run()

    def _stop(self, why: str) -> None:
        self._stops += 1
        if self._stops == 1:
            log.info("Stopping: got %s", why, extra={"event": Event.STOPPING})
            self.runner.stop()
            self._ready_or_stopping.set()
        elif self._drain is not None:
            self._drain.hurry()
        self._changed.set()
