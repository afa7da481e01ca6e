"""What the host tells: news of jobs go to the supervisor, news of itself and of plugins to the log and to `status`."""

import logging
from collections.abc import Callable

from linod.errors import ConfigurationError, LinodError
from linod.host.protocol import Loaded, PluginReport
from linod.jobs import Outcome
from linod.journal import Event, Journal
from linod.runner import Supervisor
from linod.settings import Options


class HostNews:
    """Listens to the host client (`HostEvents`). Lives in the loop.

    loaded   what the host has loaded, None while it has not; kept while a lost one is replaced.
    problem  why there is no host now, "" while there is one.
    status   what it is doing, for STATUS=.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        journal: Journal,
        options: Options,
        on_loaded: Callable[[Loaded], None],
        on_lost: Callable[[LinodError | None], None],
    ) -> None:
        self.loaded: Loaded | None = None
        self.problem = ""
        self.status = "Starting the host"
        self.job_started = supervisor.job_started
        self.job_record = supervisor.job_record
        self.job_progress = supervisor.job_progress
        self.job_unread = supervisor.job_unread
        self.job_reported = supervisor.job_reported
        self._supervisor = supervisor
        self._journal = journal
        self._quiet = options.skip_checks
        self._on_loaded = on_loaded
        self._on_lost = on_lost

    def job_ended(self, job_id: int, outcome: Outcome, dropped: int) -> None:
        self._supervisor.job_ended(job_id, outcome, dropped)

    def plugin_loading(self, name: str) -> None:
        self.status = f"Loading plugin {name}"

    def host_output(self, text: str) -> None:
        self._journal.send(logging.INFO, text, event=Event.HOST_OUTPUT)

    def host_ready(self, loaded: Loaded) -> None:
        again, self.loaded, self.problem = self.loaded is not None, loaded, ""
        for plugin in loaded.plugins:
            if not plugin.ok:
                text = left_out(plugin, "it is left out, the other plugins work")
                self._journal.send(logging.ERROR, text, event=Event.PLUGIN_FAILED)
        if not again and not self._quiet:
            self.warn(loaded)
        if again:
            self._journal.send(logging.WARNING, "The host was replaced; jobs can run again.", event=Event.HOST_READY)
        self._on_loaded(loaded)

    def host_lost(self, reason: str, fatal: ConfigurationError | None) -> None:
        self.problem = reason
        if fatal is None:
            self._journal.send(logging.ERROR, f"The host is lost: {reason}", event=Event.HOST_LOST)
        self._on_lost(fatal)

    def warn(self, loaded: Loaded) -> None:
        """Log what is wrong with plugins that work otherwise."""
        for text in warnings(loaded):
            self._journal.send(logging.WARNING, text, event=Event.PLUGIN_WARNING)


def left_out(plugin: PluginReport, then: str) -> str:
    """One record about a plugin that cannot be used: which, why, its traceback, and what now."""
    text = f"Plugin {plugin.name} cannot be used: {plugin.error}. Mend it and reload linod; {then}."
    return f"{text}\n{plugin.traceback.rstrip()}".rstrip()


def warnings(loaded: Loaded) -> list[str]:
    """What is wrong with plugins, kinds of task and procedures that work otherwise, a sentence each."""
    texts = list(loaded.problems)
    return texts + [f"Plugin {found.plugin}: {found.text}; {found.cure}" for found in loaded.findings]
