"""The running daemon as the control socket sees it: each wish goes to the part that can fulfil it."""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import linod
from linod.host.protocol import Loaded
from linod.jobs import Ending, Job, State
from linod.journal import Event
from linod.kinds import Kind
from linod.policies import Policy
from linod.procedures import Procedure
from linod.runner import Follower, Requested, Running
from linod.tasks import Task, TaskKey

if TYPE_CHECKING:
    from linod.app.daemon import Daemon
    from linod.control.report import Report


class DaemonOperations:
    """`Operations` of the control socket, over one daemon. Called in the loop."""

    def __init__(self, daemon: "Daemon") -> None:
        self._daemon = daemon
        self._runner = daemon.runner
        self._book = daemon.supervisor.book
        self.clock = daemon.clock
        self.db = daemon.db
        self.store = daemon.store

    @property
    def zone(self) -> ZoneInfo:
        return self._daemon.zone

    @property
    def defaults(self) -> Mapping[str, object]:
        return self._daemon.settings.defaults

    @property
    def queues(self) -> Mapping[str, int]:
        return self._daemon.settings.queues

    @property
    def policy(self) -> Policy:
        return self._daemon.settings.policy

    @property
    def daemon_user(self) -> str:
        return self._daemon.settings.daemon_user

    async def users_changed(self) -> None:
        users = await self.db.run(self.store.site_users, self.daemon_user)
        if users.daemon_user == self.daemon_user:  # else a reload has just read them
            self._daemon.supervisor.users = users

    async def until_loaded(self) -> None:
        await self._daemon.wait_ready()

    async def reload(self) -> Loaded:
        return await self._daemon.reload.run()

    async def request(
        self, find: Callable[[], Task], by: str, log_level: str | None, also: Callable[[Task], None]
    ) -> Requested:
        return await self._runner.request(find, by, log_level, also)

    def poke(self) -> None:
        self._runner.poke()

    def trim(self, key: TaskKey) -> None:
        self._runner.trim(key)

    def kill(self, job_id: int, cause: str) -> Ending | None:
        return self._daemon.supervisor.end_job(job_id, State.CANCELLED, cause)

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
        loaded = self._daemon.news.loaded
        return None if loaded is None else loaded.procedures

    def kinds(self) -> Sequence[Kind] | None:
        loaded = self._daemon.news.loaded
        return None if loaded is None else loaded.kinds

    def report(self) -> "Report":
        from linod.control.report import Report

        daemon = self._daemon
        settings, loaded, news = daemon.settings, daemon.news.loaded, daemon.news
        trouble = daemon.journal.trouble
        return Report(
            version=linod.__version__,
            site=settings.site,
            state=daemon.state,
            pid=os.getpid(),
            since=daemon.since,
            settings_file=None if settings.file is None else str(settings.file),
            database=str(settings.database_file),
            database_problem=self._runner.database.problem or "",
            time_zone=settings.time_zone,
            log="journal" if daemon.settings.environ.get("JOURNAL_STREAM") else "stderr",
            max_jobs=settings.max_jobs,
            host_state=daemon.host.state.value,
            host_pid=loaded.pid if loaded and daemon.host.ready else None,
            host_python=settings.host.python,
            host_size_kib=daemon.host.size_kib,
            host_problem=news.problem,
            control_group=daemon.groups.path,
            controllers=daemon.groups.controllers,
            limits_problem=daemon.groups.problem,
            plugins=loaded.plugins if loaded else (),
            findings=loaded.findings if loaded else (),
            problems=(trouble,) if trouble else (),
        )

    def audit(self, text: str, fields: Mapping[str, str]) -> None:
        self._daemon.journal.send(logging.INFO, text, event=Event.OPERATOR, fields=fields)
