"""One job as the daemon sees it: its channel, what comes in, its end."""

import asyncio
import contextlib
import logging
import os
import select
import signal
from collections.abc import Callable

from linod.cgroups import Watch
from linod.cgroups.groups import Groups
from linod.cgroups.usage import usage
from linod.clock import Clock
from linod.host.channel import LINGER
from linod.host.children import Child
from linod.host.intake import Intake, Printer
from linod.host.kernel import process_started, sleeps_uninterruptibly
from linod.host.mux import Mux
from linod.host.outcomes import Exit, Told, outcome_of, usage_of
from linod.host.protocol import HostEvents, Order
from linod.jobs import Outcome, State
from linod.loglevels import LogLevel

READ_BYTES = 32 * 1024
"""Taken from one descriptor in one turn of the loop: about 2 ms of parsing, so that a flood delays nobody."""

INSIST = 2.0
"""Seconds from the SIGKILL that the host was asked for until the daemon sends its own, and tells of a job that does not
end all the same."""


class RunningJob:
    """From the hand-over to the outcome. Ends once, when the process is gone and the channel is at its end.

    child   the process that was handed the order.
    groups  takes the control group of a child whose host is lost.
    over    called with this object after `job_ended` was reported.
    """

    def __init__(
        self,
        order: Order,
        child: Child,
        mux: Mux,
        events: HostEvents,
        clock: Clock,
        groups: Groups,
        over: Callable[["RunningJob"], None],
    ) -> None:
        self.id = order.job_id
        self.child = child
        self.told: Told | None = None
        self._mux = mux
        self._events = events
        self._groups = groups
        self._over = over
        self._memory_max = order.limits.get("memory_max", 0)
        self._loop = asyncio.get_running_loop()
        self._intake = Intake(order.job_id, LogLevel[order.log_level].value, events, clock)
        self._open: dict[int, Printer | None] = {}
        self._exit: Exit | None = None
        self._lost = ""
        self._host_is_gone = False
        self._unread = False
        self._ended = False
        self._told_start = False
        self._told_report = False
        self._deadline: asyncio.TimerHandle | None = None
        self._kill_timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Watch the channel. What the host has said of the child meanwhile is told in the next turn of the loop."""
        self.child.job = self
        channel = self.child.channel
        self._add(channel.stream.fileno(), None)
        self._add(channel.stdout, self._intake.printer("stdout", logging.INFO))
        self._add(channel.stderr, self._intake.printer("stderr", logging.WARNING))
        if self.child.unsent:
            self._loop.add_writer(channel.stream.fileno(), self._write_on)
        self._loop.call_soon(self._catch_up)

    def _catch_up(self) -> None:
        if self.child.pid is not None:
            self.started()
        if self.child.finished is not None:
            self.exited()
        elif self.child.lost:
            self.lost(self.child.lost)

    def _add(self, fd: int, printer: Printer | None) -> None:
        self._open[fd] = printer
        self._mux.add(fd, lambda: self._readable(fd))

    def _write_on(self) -> None:
        """Write what the stream did not take at once; the child has read some."""
        child, stream = self.child, self.child.channel.stream
        try:
            child.unsent = child.unsent[stream.send(child.unsent) :]
        except BlockingIOError:
            return
        except OSError:  # the child is gone, and has not read all of its order
            child.unsent, self._unread = b"", True
        if not child.unsent:
            self._loop.remove_writer(stream.fileno())

    def _readable(self, fd: int) -> None:
        try:
            data = os.read(fd, READ_BYTES)
        except BlockingIOError:
            return
        except ConnectionResetError:  # closed by the other side with something unread: on the stream that is the order
            data, self._unread = b"", True
        if not data:
            self._close(fd)
            self._end_if_over()
        elif (printer := self._open[fd]) is not None:
            printer.feed(data)
        else:
            self._intake.stream(data)
            if self._intake.report is not None and not self._told_report:
                self._told_report = True
                self._events.job_reported(self.id)

    def _close(self, fd: int) -> None:
        printer = self._open.pop(fd)
        self._mux.remove(fd)
        if printer is not None:
            printer.end()
            os.close(fd)
            return
        if self.child.unsent:
            self._loop.remove_writer(fd)
        self.child.channel.stream.close()

    def started(self) -> None:
        """A process has the job: `child.pid`. Told once."""
        if not self._told_start and self.child.pid is not None:
            self._told_start = True
            self._events.job_started(self.id, self.child.pid, self.child.pid_started)

    def _tell_unseen_start(self) -> None:
        """The host was killed between the fork and its news of it; by then the child had told an outcome. In the ledger
        no job succeeds that has not begun."""
        if not self._told_start and self.reported:
            self._told_start = True
            self._events.job_started(self.id, None, None)

    def exited(self) -> None:
        """The process is gone: `child.finished`."""
        if self._exit is None:
            self._exit = self.child.finished or Exit()
            self._lost = self._lost or self.child.lost
            if self._exit.code is not None and self.told is None:
                self._intake.tell_left(self._exit.left, self._exit.stuck)
            self._wait(self._close_all)
            self._end_if_over()

    def _wait(self, give_up: Callable[[], None]) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self._loop.call_later(LINGER, give_up)

    def lost(self, reason: str) -> None:
        """The host is gone. Its children die with it; make sure of it, and end when this one has: never two at a
        time."""
        if self._lost:
            return
        self._lost, self._host_is_gone = reason, True
        pidfd = self._kill_what_is_left()
        if pidfd is None:
            self._wait_for_group()
        else:
            self._loop.add_reader(pidfd, self._seen_dead, pidfd)

    def _kill_what_is_left(self) -> int | None:
        """Kill all of the job. Returns a descriptor of its process while that one exists.

        The kernel gives a process number to nobody else while it is a group's; so if another process has it by now, of
        this group nothing is left.
        """
        if self.child.group is not None:
            self.child.group.kill()
        if self.child.pid is None or self._exit is not None:
            return None
        try:
            pidfd = os.pidfd_open(self.child.pid)
        except ProcessLookupError:
            pidfd = None
        if pidfd is not None and not self._has_our_start():
            os.close(pidfd)
            return None
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nothing is left, or it is another user's
            os.killpg(self.child.pid, signal.SIGKILL)
        if pidfd is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)  # forked just now: it has no group of its own yet
        return pidfd

    def _has_our_start(self) -> bool:
        assert self.child.pid is not None
        try:
            return process_started(self.child.pid) == self.child.pid_started
        except ProcessLookupError:  # it ended just now; its descriptor tells
            return True

    def _seen_dead(self, pidfd: int) -> None:
        self._loop.remove_reader(pidfd)
        os.close(pidfd)
        self._wait_for_group()

    def _wait_for_group(self) -> None:
        """Wait for the end of what the process has started."""
        try:
            watch = None if self.child.group is None else self.child.group.watch()
        except OSError:  # it did not enter it
            watch = None
        if watch is None or watch.empty():
            self._unseen(watch)
        else:
            self._mux.add(watch.fd, lambda: self._seen_empty(watch), select.EPOLLPRI)
            self._wait(lambda: self._seen_empty(watch, late=True))

    def _seen_empty(self, watch: Watch, late: bool = False) -> None:
        if late or watch.empty():
            self._mux.remove(watch.fd)
            self._unseen(watch)

    def _unseen(self, watch: Watch | None) -> None:
        """Nobody can say how the process ended, but its control group what it has used."""
        if watch is not None:
            watch.close()
            self.child.finished = Exit(usage=usage_of(usage(None, self.child.group)))
        self._groups.give_up(self.child.group)
        self.exited()

    def kill_after(self, grace: float, kill: Callable[[], None]) -> None:
        """Have `kill` called unless the job has ended by then. Of several calls the earliest moment holds."""
        at = self._loop.time() + grace
        if self._kill_timer is not None:
            if at >= self._kill_timer.when():
                return
            self._kill_timer.cancel()
        self._kill_timer = self._loop.call_at(at, self._kill, grace, kill)

    def _kill(self, grace: float, kill: Callable[[], None]) -> None:
        """The grace is over, or there is none."""
        if self.told is not None:
            late = (
                f"it did not end within kill_grace ({grace:g} s), and was killed" if grace else "it was killed at once"
            )
            if self._intake.returned:
                late = f"its procedure had returned, but not all of its threads or exit functions; {late}"
            self.told = self.told._replace(killed=late)
        kill()
        self._kill_timer = self._loop.call_later(INSIST, self._insist)

    def _insist(self) -> None:
        """It has not ended, or nobody has seen it: the host may hang. Or the job sleeps uninterruptibly, because a disk
        or a network file system does not answer; then it is unfinished until it ends."""
        pidfd = self._kill_what_is_left()
        if pidfd is not None:
            os.close(pidfd)
            assert self.child.pid is not None
            if sleeps_uninterruptibly(self.child.pid):
                self._intake.tell_undead(self.child.pid)

    @property
    def reported(self) -> bool:
        """The child has told its outcome; only its exit is awaited."""
        return self._intake.report is not None

    def _close_all(self) -> None:
        for fd in list(self._open):
            self._close(fd)
        self._end_if_over()

    def _end_if_over(self) -> None:
        if self._exit is None or self._open or self._ended:
            return
        self._ended = True
        for timer in (self._deadline, self._kill_timer):
            if timer is not None:
                timer.cancel()
        self._intake.tell_dropped()
        outcome = self._outcome(self._exit)
        if self._unread and self.told is None:
            self._events.job_unread(self.id, outcome, died=self._host_is_gone or not self._lost)
        else:
            self._tell_unseen_start()
            self._events.job_ended(self.id, outcome, self._intake.dropped)
        self._over(self)

    def _outcome(self, exit: Exit) -> Outcome:
        if self.child.unfit:
            return Outcome(State.FAILED, self.child.unfit, "", exit.code, exit.signal, exit.usage)
        told = self.told
        if told is not None and told.state is State.TIMED_OUT and self.child.pid is None:
            told = None  # there was no process whose time could have been up
        return outcome_of(exit, self._intake.report, told, self._lost, self._memory_max)
