"""The daemon's side: keeps one host alive, hands it jobs, and reports what becomes of each."""

import asyncio
import logging
import signal
from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING

from linod.cgroups.groups import Groups
from linod.clock import Clock
from linod.errors import ConfigurationError, LinodError
from linod.host.channel import LINGER
from linod.host.children import Child, Children
from linod.host.link import End, HostLink
from linod.host.mux import Mux
from linod.host.process import HostProcess, unusable_host
from linod.host.protocol import HostAway, HostEvents, Loaded, Message, Order, PluginReport
from linod.host.report import LoadReport
from linod.jobs import Ending, State
from linod.settings.model import HostSettings

if TYPE_CHECKING:
    from linod.host.running import RunningJob

log = logging.getLogger("lino")

LONGEST_PAUSE = 30.0
"""Seconds before a host that dies again and again is started once more; the first time at once, then 1, 2, 4 …"""

HEALTHY = 60.0
"""Seconds a host must have been ready for its end to count as the first."""


class HostState(Enum):
    """Whether jobs can be started."""

    LOADING = "loading"
    READY = "ready"
    AWAY = "away"


class HostClient:
    """The worker host as the runner sees it. Lives in the loop; nothing here blocks.

    size_kib  its resident memory when it was ready to fork: the price of a fork grows with it.

    settings      `[host]`.
    plugins       modules to import, in order.
    events        who hears of everything; never called from inside a call to this object, `start` excepted. May be
                  another one once it is ready: what is known of jobs then goes there.
    process       a host that was started already.
    spawn         starts a host; ConfigurationError when that is impossible.
    entry_points  import the plugins that installed distributions announce, too.
    max_jobs      as many run when the next order comes as soon as one of them ends.
    groups        where each child gets a control group of its own; None: none gets one.
    """

    def __init__(
        self,
        settings: HostSettings,
        plugins: Sequence[str],
        *,
        events: HostEvents,
        clock: Clock,
        spawn: Callable[[], HostProcess],
        process: HostProcess | None = None,
        entry_points: bool = True,
        max_jobs: int | None = None,
        groups: Groups | None = None,
    ) -> None:
        self.state = HostState.AWAY
        self.loaded: Loaded | None = None
        self.size_kib: int | None = None
        self._settings = settings
        self._plugins = tuple(plugins)
        self._entry_points = entry_points
        self._max_jobs = max_jobs
        self.events = events
        self._clock = clock
        self._spawn = spawn
        self._process = process
        self._link: HostLink | None = None
        self._report = LoadReport(0, ())
        self._left_out: dict[str, PluginReport] = {}
        self._jobs: dict[int, RunningJob] = {}
        self._groups = groups or Groups()
        self._children = Children(self._fork, self._groups)
        self._failures = 0
        self._ready_at = 0.0
        self._restart: asyncio.TimerHandle | None = None
        self._started = False
        self._stopping = False
        self._retired = False
        self._changed = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Jobs can be started."""
        return self.state is HostState.READY

    def start(self) -> None:
        """Watch the host that was started, or start one. Raises ConfigurationError."""
        self._started = True
        self._loop = asyncio.get_running_loop()
        self._mux = Mux()
        self._adopt(self._process or self._spawn())

    def _adopt(self, process: HostProcess) -> None:
        self.state = HostState.LOADING
        self._report = LoadReport(process.pid, self._left_out.values())
        self._link = HostLink(process, self._settings, self)
        self._children = Children(self._fork, self._groups)
        self._link.load(self._plugins, entry_points=self._entry_points, without=tuple(self._left_out))

    # What the host says

    def host_said(self, message: Message) -> None:
        match message["type"]:
            case "loading":
                self.events.plugin_loading(message["plugin"])
            case "hello" | "plugin" | "finding" | "kind" | "procedure":
                self._collect(message)
            case "loaded":
                self._is_ready(self._report.loaded(message))
            case "settled":
                self.size_kib = int(message["size_kib"])
            case "forked":
                self._children.forked(message)
            case "unforked":
                self._children.unforked(message)
            case "exited":
                for line in self._children.exited(message).splitlines():
                    self.events.host_output(line)
                self._keep_spare()

    def _collect(self, message: Message) -> None:
        try:
            self._report.add(message)
        except (KeyError, TypeError, ValueError, LinodError) as error:
            if self._link is not None:
                self._link.kill(f"said what this linod does not understand: {error!r}")

    def _is_ready(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self.state = HostState.READY
        self._ready_at = self._clock.monotonic()
        self._keep_spare()
        self.events.host_ready(loaded)

    def host_printed(self, line: str) -> None:
        self.events.host_output(line)

    def host_ended(self, end: End) -> None:
        """Start another one, without the plugin that took this one down; bury its jobs."""
        was_ready = self.ready
        self.state, self._link = HostState.AWAY, None
        self._changed.set()
        reason = f"The worker host {end.reason}"
        if end.plugin:
            self._left_out[end.plugin] = PluginReport(
                end.plugin, "", False, f"the worker host {end.reason} while it imported this", end.tail
            )
            reason += f" while it imported {end.plugin}"
        fatal = unusable_host(self._settings.python, end.version, end.tail)
        if not (self._stopping or self._retired):
            self.events.host_lost(reason, fatal)
        self._children.lost(reason)
        if fatal is None and not (self._stopping or self._retired):
            self._start_again(was_ready, at_once=bool(end.plugin))

    def _start_again(self, was_ready: bool, at_once: bool) -> None:
        if was_ready and self._clock.monotonic() - self._ready_at >= HEALTHY:
            self._failures = 0
        pause = 0.0 if at_once or not self._failures else min(LONGEST_PAUSE, 2.0 ** (self._failures - 1))
        self._failures += not at_once
        self._restart = self._loop.call_later(pause, self._respawn)

    def _respawn(self) -> None:
        self._restart = None
        try:
            process = self._spawn()
        except ConfigurationError as error:
            self.events.host_lost(str(error), error)
        except OSError as error:  # EAGAIN, EMFILE: may pass
            self.events.host_lost(f"The worker host cannot be started: {error}", None)
            self._start_again(was_ready=False, at_once=False)
        else:
            self._adopt(process)

    # What the runner asks

    def reserve(self) -> Child | None:
        """The child that waits for the next job, None when none does yet: for whoever hands an order over elsewhere
        than in the loop. It is used up by `start_job`, or given back."""
        return self._children.reserve() if self._link is not None and self.ready else None

    def give_back(self, child: Child) -> None:
        """There is no job for a reserved child after all."""
        self._children.give_back(child)
        if self._retired:
            self._children.drop_spare()
            self._end_if_retired()

    def start_job(self, order: Order, child: Child | None = None) -> None:
        """Hand a job over, and watch it.

        child   a reserved one that was handed this order already.
        Raises  HostAway when there is no host, or the daemon has no descriptors left; then no event of this job
                follows.
        """
        from linod.host.running import RunningJob  # by the first job, which no start waits for

        if child is not None:
            self._children.reserved -= 1
        if child is None or not self._has(child):
            child = self._hand_over(order)
        job = RunningJob(order, child, self._mux, self.events, self._clock, self._groups, self._over)
        self._jobs[job.id] = job
        job.begin()
        self._children.used()
        self._loop.call_soon(self._keep_spare)

    def _has(self, child: Child) -> bool:
        """Whether a reserved child has its order; one that ended before it could is given up."""
        if child.order is None:
            child.channel.close()
        return child.order is not None

    def _hand_over(self, order: Order) -> Child:
        if self._link is None or not self.ready:
            raise HostAway("there is no worker host: it is loading, or being replaced", host_is_gone=True)
        try:
            child = self._children.take()
            if not child.hand_over(order):  # somebody killed the spare
                child.channel.close()
                child = self._children.new()
                child.hand_over(order)
        except OSError as error:
            raise HostAway(f"no channel for a job: {error.strerror}") from error
        return child

    def _fork(self, child: Child) -> None:
        if self._link is not None:
            message: Message = {"type": "fork", "child": child.number}
            message["full"] = self._max_jobs is not None and len(self._jobs) >= self._max_jobs
            message["group"] = None if child.group is None else child.group.path
            self._link.send(message, child.channel.theirs)

    def _keep_spare(self) -> None:
        if self._link is not None and self.ready and not self._stopping:
            try:
                self._children.keep_spare()
            except OSError as error:  # start_job tries again, and reports it
                log.debug("No spare for the next job: %s", error)

    def _over(self, job: "RunningJob") -> None:
        del self._jobs[job.id]
        self._changed.set()
        self._end_if_retired()

    def retire(self) -> None:
        """Take no more jobs, and end the host after the last one that it has."""
        self._retired = True
        self.state = HostState.AWAY
        if self._restart is not None:
            self._restart.cancel()
        self._children.drop_spare()
        self._end_if_retired()

    @property
    def over(self) -> bool:
        """It was retired, and is gone."""
        return self._retired and self._link is None

    def _end_if_retired(self) -> None:
        if self._retired and not self._jobs and not self._children.reserved and self._link is not None:
            self._link.end()

    def kill_job(self, job_id: int) -> None:
        """SIGKILL to a job and all that it has started. It fails, "killed by signal SIGKILL", unless `end_job` said
        otherwise."""
        self._signal(job_id, signal.SIGKILL, whole_group=True)

    def kill_all(self) -> None:
        """`kill_job` for every job."""
        for job_id in self._jobs:
            self.kill_job(job_id)

    def end_job(self, job_id: int, state: State, reason: str, grace: float) -> Ending | None:
        """End a job with this state: SIGTERM, and after `grace` seconds SIGKILL to all that it has started.

        A job that had its outcome before the signal reached it keeps that one. A second call can only shorten the
        grace: the state and the reason of the first stand.

        Returns  None when it has ended, or is ending by itself: then nothing is done.
        """
        job = self._jobs.get(job_id)
        if job is None or job.reported:
            return None
        new = job.told is None
        if job.told is None:
            from linod.host.outcomes import Told

            job.told = Told(state, reason)
            self._signal(job_id, signal.SIGTERM, whole_group=False)
        job.kill_after(max(grace, 0.0), lambda: self.kill_job(job_id))
        return Ending(job.told.reason, new)

    def _signal(self, job_id: int, number: int, *, whole_group: bool) -> None:
        if self._link is not None and job_id in self._jobs:
            message: Message = {
                "type": "signal",
                "child": self._jobs[job_id].child.number,
                "signal": int(number),
                "group": whole_group,
            }
            self._link.send(message)

    async def stop(self, timeout: float) -> None:
        """End the host; jobs that run still end as interrupted. Returns when it is gone and every job's end was
        reported.

        timeout  seconds the host gets to kill and reap its jobs before it is killed itself.
        """
        self._stopping = True
        if not self._started:
            self._give_up_process()
            return
        if self._restart is not None:
            self._restart.cancel()
        if self._link is not None:
            self._link.end()
        await self._until(lambda: self._link is None, timeout)
        if self._link is not None:
            self._link.kill("did not end when told to")
        await self._until(lambda: self._link is None, timeout)
        await self._until(lambda: not self._jobs, timeout + LINGER)
        self.state = HostState.AWAY
        if not self._jobs:
            self._mux.close()

    def _give_up_process(self) -> None:
        """End a host that nobody watched yet."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.reap(wait=True)
            self._process.close()
            self._process = None

    async def _until(self, true: Callable[[], bool], timeout: float) -> None:
        """Wait for a change after which `true` holds, at most `timeout` seconds."""
        timer = self._loop.call_later(timeout, self._changed.set)
        deadline = self._loop.time() + timeout
        while not true() and self._loop.time() < deadline:
            self._changed.clear()
            await self._changed.wait()
        timer.cancel()
