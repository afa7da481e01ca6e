"""Reload: settings and plugins anew, in a second host beside the old one, or no change at all."""

import asyncio
import logging
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from linod.app.hostnews import left_out
from linod.errors import ConfigurationError, LinodError
from linod.host.client import HostClient
from linod.host.protocol import Loaded, Record
from linod.jobs import Outcome
from linod.journal import Event, Journal
from linod.settings import Settings
from linod.settings.zones import tz_database

if TYPE_CHECKING:
    from linod.app.daemon import Daemon

log = logging.getLogger("lino")

FOR_A_RESTART = ("site", "database", "state_dir", "runtime_dir", "log_dir")
"""What a running daemon cannot change: its lock, its ledger and its sockets hang on it."""


class ReloadFailed(ConfigurationError):
    """The new configuration cannot be used; what ran before runs on."""


class Trial:
    """Listens to a host that loads the plugins anew (`HostEvents`). It runs no job before it has passed."""

    def __init__(self, journal: Journal) -> None:
        self.loaded: asyncio.Future[Loaded] = asyncio.get_running_loop().create_future()
        self._journal = journal

    def fail(self, error: LinodError) -> None:
        """There is no use in waiting any more."""
        if not self.loaded.done():
            self.loaded.set_exception(error)

    def host_ready(self, loaded: Loaded) -> None:
        if not self.loaded.done():
            self.loaded.set_result(loaded)

    def host_lost(self, reason: str, fatal: ConfigurationError | None) -> None:
        self.fail(fatal or ReloadFailed(f"{reason}; nothing was changed"))

    def plugin_loading(self, name: str) -> None:
        log.debug("Reload: loading plugin %s", name)

    def host_output(self, text: str) -> None:
        self._journal.send(logging.INFO, text, event=Event.HOST_OUTPUT)

    def job_started(self, job_id: int, pid: int | None, pid_started: int | None) -> None:
        raise AssertionError("a host on trial has no job")

    def job_reported(self, job_id: int) -> None:
        raise AssertionError("a host on trial has no job")

    def job_record(self, job_id: int, record: Record) -> None:
        raise AssertionError("a host on trial has no job")

    def job_progress(self, job_id: int, done: int, total: int) -> None:
        raise AssertionError("a host on trial has no job")

    def job_unread(self, job_id: int, outcome: Outcome, *, died: bool) -> None:
        raise AssertionError("a host on trial has no job")

    def job_ended(self, job_id: int, outcome: Outcome, dropped: int) -> None:
        raise AssertionError("a host on trial has no job")


class Reload:
    """One after the other: a second caller waits, and then loads what has changed since."""

    def __init__(self, daemon: "Daemon") -> None:
        self._daemon = daemon
        self._lock = asyncio.Lock()
        self._trial: Trial | None = None
        self._tz = (daemon.settings.time_zone, tz_database(daemon.settings.time_zone))
        self._splay = daemon.settings.policy.splay

    async def run(self) -> Loaded:
        """Read the settings, load the plugins, let new jobs go there.

        Returns  what was loaded.
        Raises   LinodError, with file and line where known; then nothing has changed.
        """
        daemon = self._daemon
        async with self._lock:
            if daemon.state != "ready":
                raise LinodError(f"linod is {daemon.state}: it cannot reload now")
            daemon.notifier.reloading()
            try:
                loaded = await self._reload()
            except LinodError as error:
                daemon.journal.send(logging.ERROR, f"Reload failed: {error}", event=Event.RELOAD_FAILED)
                raise
            finally:
                daemon.tell_ready()
        names = ", ".join(plugin.name for plugin in loaded.plugins) or "none"
        text = f"Reloaded; plugins: {names}{self._plan_anew()}"
        daemon.journal.send(logging.INFO, text, event=Event.RELOADED)
        return loaded

    def _plan_anew(self) -> str:
        """Have all tasks planned anew when wall times mean other moments than before; returns words for the log."""
        daemon = self._daemon
        splay, self._splay = self._splay, daemon.settings.policy.splay
        if splay != self._splay:
            daemon.runner.replan()
        zone, known = daemon.settings.time_zone, self._tz
        self._tz = (zone, tz_database(zone))
        if self._tz == known:
            return "" if splay == self._splay else "; the default of splay is another, so all tasks are planned anew"
        daemon.runner.replan()
        if zone != known[0]:
            return f"; the time zone is {zone} instead of {known[0]}, so all tasks are planned anew"
        return "; the tz database was updated, so all tasks are planned anew"

    async def stop(self) -> None:
        """linod stops: a reload that is under way fails, and its host is gone when this returns."""
        if self._trial is not None:
            self._trial.fail(LinodError("linod is stopping"))
        async with self._lock:
            return

    async def _reload(self) -> Loaded:
        daemon = self._daemon
        settings = daemon.options.reread() if daemon.options.reread is not None else daemon.settings
        refuse_a_restart(daemon.settings, settings)
        ZoneInfo.clear_cache()  # tzdata may have been updated
        self._trial = trial = Trial(daemon.journal)
        client = daemon.new_host(settings, trial)
        try:
            client.start()
            loaded = await trial.loaded
            refuse_broken(loaded)
            loaded = await daemon.adopt_kinds(loaded)
            await daemon.install(loaded, settings)
        except BaseException:
            await client.stop(settings.kill_grace)
            raise
        finally:
            self._trial = None
        await daemon.adopt(settings, client, loaded)
        return loaded


def refuse_a_restart(old: Settings, new: Settings) -> None:
    """Raise ReloadFailed when something has changed that only a restart can change."""
    for name in FOR_A_RESTART:
        if getattr(old, name) != getattr(new, name):
            where = new.place if new.file else "the environment"
            raise ReloadFailed(
                f"{where}: {name} has changed from {getattr(old, name)} to {getattr(new, name)}, which needs a restart"
            )


def refuse_broken(loaded: Loaded) -> None:
    """Raise ReloadFailed for plugins that cannot be used: at a start they are left out, a reload changes nothing."""
    broken = [left_out(plugin, "nothing was changed") for plugin in loaded.plugins if not plugin.ok]
    if broken:
        raise ReloadFailed("\n".join(broken))


class Retired:
    """Hosts that have been replaced and still run jobs; each ends after its last one."""

    def __init__(self) -> None:
        self._clients: list[HostClient] = []

    def add(self, client: HostClient) -> None:
        self._clients = [*(one for one in self._clients if not one.over), client]
        client.retire()

    async def stop(self, timeout: float) -> None:
        """End them now; see `HostClient.stop`."""
        for client in self._clients:
            await client.stop(timeout)
