"""`linod check`: settings, plugins, database and tasks, without starting and without creating anything."""

import asyncio
import os
from collections.abc import Sequence

from linod.app.hostnews import warnings
from linod.clock import SystemClock
from linod.errors import ConfigurationError, LinodError
from linod.host.client import HostClient
from linod.host.process import spawn
from linod.host.protocol import Loaded, Record
from linod.jobs import Outcome
from linod.kinds import KindRefused, problem_of
from linod.migrations import outlook
from linod.recurrence import Recurrence
from linod.settings import Options, Settings
from linod.store import Store
from linod.tasks import SYSTEM_TASK, Task, label

PAGE = 1000
"""Tasks read at a time."""


class Check:
    """One run of the checks. It listens to its own host (`HostEvents`), which ends with it and runs no job."""

    def __init__(self, settings: Settings, options: Options) -> None:
        self._settings = settings
        self._options = options
        self._loaded: asyncio.Future[Loaded] = asyncio.get_running_loop().create_future()
        self._errors = 0

    async def run(self) -> int:
        """Print what was found. Returns 0, or 78 when something keeps the site, a plugin or a task from working."""
        settings = self._settings
        print(f"Settings: {settings.file or 'none, the defaults hold'}")
        if settings.owner is not None:
            print(f"User: {settings.owner.name} instead of root, as the daemon")
        if not self._options.skip_checks:
            for text in settings.warnings:
                print(f"  warning: {text}")
        loaded = await self._load()
        self._plugins(loaded)
        self._database(loaded)
        self._log_dir()
        print("Found nothing wrong." if not self._errors else f"Found {self._errors} to mend.")
        return ConfigurationError.exit_code if self._errors else 0

    def _wrong(self, text: str) -> None:
        self._errors += 1
        print(f"  error: {text}")

    async def _load(self) -> Loaded:
        settings = self._settings
        client = HostClient(
            settings.host,
            settings.plugins,
            events=self,
            clock=SystemClock(),
            spawn=lambda: spawn(settings.host, keep_fds=[], environ=settings.environ),
            entry_points=settings.entry_points,
        )
        client.start()
        try:
            return await self._loaded
        finally:
            await client.stop(settings.kill_grace)

    def _plugins(self, loaded: Loaded) -> None:
        print(f"Plugins: {len(loaded.plugins)} in {loaded.python or self._settings.host.python}")
        for plugin in loaded.plugins:
            if plugin.ok:
                print(f"  {plugin.name} ({plugin.file})")
            else:
                self._wrong(f"plugin {plugin.name}: {plugin.error}\n{plugin.traceback}".rstrip())
        for problem in loaded.problems:
            self._wrong(problem)
        if not self._options.skip_checks:
            for text in warnings(loaded):
                print(f"  warning: {text}")
        print(f"Procedures: {', '.join(p.name for p in loaded.procedures if not p.problem) or 'none'}")

    def _database(self, loaded: Loaded) -> None:
        file = self._settings.database_file
        if not file.exists():
            print(f"Database: {file} does not exist yet; the first start makes it")
            return
        store = Store(self._settings.database, read_only=True)
        try:
            change = outlook(store.check_schema() or 0)
            if change is not None:  # its tables may lack the columns that are read below
                print(f"Database: {file} {change}")
                return
            store.open()
            total = store.count_tasks()
            print(f"Database: {file}, {total} tasks")
            self._kinds(store, loaded)
            page = store.list_tasks(PAGE)
            self._tasks(page.tasks, loaded)
            while page.end is not None:
                page = store.list_tasks(PAGE, after=page.end)
                self._tasks(page.tasks, loaded)
        except LinodError as error:
            self._wrong(f"database: {error}")
        finally:
            store.close()

    def _kinds(self, store: Store, loaded: Loaded) -> None:
        for kind in loaded.kinds:
            try:
                if not kind.problem:
                    store.missing_columns(kind)
            except KindRefused as error:
                self._wrong(problem_of(kind, error))

    def _tasks(self, tasks: Sequence[Task], loaded: Loaded) -> None:
        kinds = {SYSTEM_TASK, *(kind.name for kind in loaded.kinds)}
        procedures = {(one.class_name, one.name) for one in loaded.procedures if not one.problem}
        for task in tasks:
            if task.kind not in kinds:
                print(f"  warning: {label(task)}: its plugin is gone, so it does not run")
            elif (task.kind, task.procedure) not in procedures:
                print(f"  warning: {label(task)}: its procedure {task.procedure} is gone, so it does not run")
            if task.queue is not None and task.queue not in self._settings.queues:
                print(
                    f"  warning: {label(task)}: the settings have no queue {task.queue!r}, so nothing limits its jobs"
                )
            try:
                Recurrence.of(task)
            except LinodError as error:
                self._wrong(f"{label(task)}: {error}")

    def _log_dir(self) -> None:
        directory = self._settings.log_dir
        if directory is None:
            return
        if not directory.exists():
            print(f"Log: {directory} does not exist yet; the first start makes it")
        elif os.access(directory, os.W_OK | os.X_OK) and directory.is_dir():
            print(f"Log: {directory / 'lino.log'}")
        else:
            self._wrong(f"log_dir: {directory} is no directory that this user (uid {os.geteuid()}) may write to")

    # what its host tells

    def host_ready(self, loaded: Loaded) -> None:
        if not self._loaded.done():
            self._loaded.set_result(loaded)

    def host_lost(self, reason: str, fatal: ConfigurationError | None) -> None:
        if fatal is not None and not self._loaded.done():
            self._loaded.set_exception(fatal)

    def plugin_loading(self, name: str) -> None:
        pass

    def host_output(self, text: str) -> None:
        print(f"  printed by a plugin: {text}")

    def job_started(self, job_id: int, pid: int | None, pid_started: int | None) -> None:
        raise AssertionError("a check starts no job")

    def job_reported(self, job_id: int) -> None:
        raise AssertionError("a check starts no job")

    def job_record(self, job_id: int, record: Record) -> None:
        raise AssertionError("a check starts no job")

    def job_progress(self, job_id: int, done: int, total: int) -> None:
        raise AssertionError("a check starts no job")

    def job_unread(self, job_id: int, outcome: Outcome, *, died: bool) -> None:
        raise AssertionError("a check starts no job")

    def job_ended(self, job_id: int, outcome: Outcome, dropped: int) -> None:
        raise AssertionError("a check starts no job")
