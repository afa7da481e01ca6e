"""What daemon, host and jobs say to each other: the values, the limits, the version.

Two channels, both JSON. *Packets* pass between daemon and host over a SEQPACKET socket pair, one message each, with
descriptors attached where a child is forked. *Lines* pass between daemon and job over the child's own stream socket:
the order down, then records, progress and the report up. The other side may be another version of linod in another
interpreter, and a job runs a plugin's code: so what comes in is checked, and never trusted to be complete.

Packets to the host     load, fork, signal, ping; the end of the socket is the order to end
Packets to the daemon   hello, loading, plugin, finding, kind, procedure, loaded, settled, forked, unforked,
                        exited, pong
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from linod.errors import ConfigurationError, LinodError
from linod.tuples import NamedTuple

if TYPE_CHECKING:
    from linod.jobs import Outcome
    from linod.kinds import Kind
    from linod.procedures import Procedure

VERSION = 1
"""Of both channels. Host and daemon must agree; a host that does not is a configuration error."""

Message = dict[str, Any]

JOB_RECORDS = 10_000
JOB_BYTES = 8 * 1024 * 1024
"""What a job may log; after either, records are dropped and counted."""

LINE_BYTES = 64 * 1024
"""One record, UTF-8; the rest of a longer one is cut off."""

MESSAGE_BYTES = 2 * 1024
TRACEBACK_BYTES = 64 * 1024

EXIT_SUCCEEDED, EXIT_WARNED, EXIT_FAILED = 110, 111, 112
"""What a child passes to exit when it could not report its outcome because its procedure closed the stream. Numbers
that neither a shell nor sysexits.h uses; a procedure that ends with `os._exit(110)` is believed."""

TERMINATED = "ended by SIGTERM"
"""The message of a report when JobTerminated has passed through the procedure."""

EXIT_NO_ORDER = 113
"""A child that was told to start and found no order it could read: the daemon is gone, or speaks another version."""


class HostAway(LinodError):
    """A job cannot be started. `host_is_gone`: the host is loading, or being replaced; else descriptors are missing."""

    def __init__(self, text: str, *, host_is_gone: bool = False) -> None:
        super().__init__(text)
        self.host_is_gone = host_is_gone


class Order(NamedTuple):
    """One job to start.

    procedure  name of the procedure.
    log_level  name of the level that decides about the job's records.
    task, job  the rows as JSON-safe mappings; `task["kind"]` names the table. `user` and `request_user` too, None
               when there is none.
    limits     the policies that limit its processes: those of `linod.policies.LIMITS` that say so.
    """

    job_id: int
    procedure: str
    log_level: str
    task: Mapping[str, object]
    job: Mapping[str, object]
    user: Mapping[str, object] | None = None
    request_user: Mapping[str, object] | None = None
    limits: Mapping[str, int] = {}


class Record(NamedTuple):
    """One log record of a job.

    time   seconds since 1970, as logging counts them.
    level  number of the level.
    name   of the logger; "stdout" and "stderr" for what the job or its subprocesses printed, "linod" for our own.
    text   formatted, with its traceback; no trailing newline, at most LINE_BYTES.
    """

    time: float
    level: int
    name: str
    text: str


class PluginReport(NamedTuple):
    """What became of one plugin.

    file       where it is, "" when it was not found.
    error      one line saying why it was left out, with file and line where known; "" when it works.
    traceback  the traceback, or what the host printed last before the plugin took it down.
    """

    name: str
    file: str
    ok: bool
    error: str = ""
    traceback: str = ""


class Finding(NamedTuple):
    """Something a plugin left open in the host, where every job would inherit it. `kind`: socket, database or
    thread."""

    plugin: str
    kind: str
    text: str
    cure: str


class Loaded(NamedTuple):
    """What the host has loaded."""

    procedures: "tuple[Procedure, ...]"
    plugins: tuple[PluginReport, ...]
    findings: tuple[Finding, ...]
    pid: int = 0
    python: str = ""
    version: str = ""
    warnings: tuple[str, ...] = ()  # what people should know of the plugins though nothing is left out for it
    kinds: "tuple[Kind, ...]" = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """Why kinds of task and procedures cannot be used."""
        found = (*(kind.problem for kind in self.kinds), *(procedure.problem for procedure in self.procedures))
        return tuple(filter(None, found))


class HostEvents(Protocol):
    """What the client reports, in the loop. Must not raise.

    A job that `start_job` took has: at most one `job_started`, records and progress, at most one `job_reported`, then
    exactly one `job_ended` or `job_unread`, and nothing after it. Records may come before `job_started`: two sockets
    have no common order.
    """

    def host_ready(self, loaded: Loaded) -> None:
        """Plugins are loaded, jobs can be started. Again after each replacement of a lost host."""

    def host_lost(self, reason: str, fatal: ConfigurationError | None) -> None:
        """There is no host now. `fatal`: it cannot be had as the site is configured; otherwise a new one is on its way.

        The jobs it ran end after this, each when its process is gone.
        """

    def plugin_loading(self, name: str) -> None:
        """The host begins to import this plugin."""

    def host_output(self, text: str) -> None:
        """One line that the host printed: plugins that print when imported, and the last words of one that crashed."""

    def job_started(self, job_id: int, pid: int | None, pid_started: int | None) -> None:
        """A process has the job. `pid_started`: field 22 of /proc/PID/stat. Both are None when the host was killed
        before it could tell of the process, of which came an outcome all the same."""

    def job_record(self, job_id: int, record: Record) -> None:
        """The job logged or printed something at its level or above."""

    def job_progress(self, job_id: int, done: int, total: int) -> None:
        """The procedure told how far it is; at most ten times a second."""

    def job_unread(self, job_id: int, outcome: "Outcome", *, died: bool) -> None:
        """No process has read the job's order, and none will: it may be handed over again.

        outcome  the job's, when it is not.
        died     the process has died, or its host; else there could be none.
        """

    def job_reported(self, job_id: int) -> None:
        """The procedure is over and its outcome known; all that is left to its process is to exit. At most once."""

    def job_ended(self, job_id: int, outcome: "Outcome", dropped: int) -> None:
        """The job's process is gone. `dropped`: records past the limit, not reported by `job_record`."""
