"""The child: one process, one procedure, one outcome. Forked before it is needed, used once.

It does beforehand whatever does not need the order: session, death signal, descriptors, logging, and a rehearsal of
a whole job. Then it waits on the job's stream: the order is one line, and the next thing that runs is the procedure.
"""

import atexit
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from types import FrameType
from typing import NoReturn

from linod.cgroups import Group
from linod.host.calling import call, find, run_hooks
from linod.host.kernel import adopt_orphans, die_with_parent, name_process
from linod.host.limits import enter, limit
from linod.host.order import begin, has_order, read_order
from linod.host.outlet import Outlet, OutletHandler, Printed, text_file
from linod.host.protocol import Message
from linod.host.rehearsal import rehearse
from linod.host.verdict import JobTerminated, Verdict, of_exception
from linod.jobs import State
from linod.request import BaseRequest

__all__ = ["Child", "JobTerminated"]

STREAM, STDOUT, STDERR = range(3)
"""The order in which the daemon passes the descriptors of a job."""


class Phase(Enum):
    """What a SIGTERM meets."""

    WAITING = 1  # no procedure yet: it is remembered
    RUNNING = 2  # JobTerminated is raised in it
    FINISHING = 3  # the outcome is known: too late; the daemon is told that it is


class Equipment:
    """What every child logs and prints with. Made in the host, once: a child that made its own would need 0.3 ms and 45
    page faults more, 3 % of all that a job costs."""

    def __init__(self) -> None:
        self.outlet = Outlet()
        self.printed = (
            Printed(self.outlet, "stdout", logging.INFO, 1),
            Printed(self.outlet, "stderr", logging.WARNING, 2),
        )
        self.files = tuple(map(text_file, self.printed))
        self.handler = OutletHandler(self.outlet.record)


class Child:
    """This process, from the fork to its end.

    fds        the channel: stream, standard output, standard error.
    inherited  descriptors of the host that a job must not hold: one forgotten keeps another job's stream open.
    equipment  the copy that the fork has made.
    group      the control group that it is to make and enter, None when it gets none.
    """

    def __init__(
        self,
        fds: Sequence[int],
        parent: int,
        inherited: Iterable[int],
        equipment: Equipment,
        group: Group | None = None,
    ) -> None:
        self._pid = os.getpid()
        self._group = group
        self._memory_max = 0  # of this process alone
        self._phase = Phase.WAITING
        self._signalled = False
        self._owed = False  # JobTerminated, when the line that is being written is complete
        self._outlet, self._printed, self._handler = equipment.outlet, equipment.printed, equipment.handler
        self._outlet.interrupted = self._after_line
        self._host_files = (sys.stdout, sys.stderr)
        os.setsid()
        die_with_parent(parent)
        for fd in inherited:
            os.close(fd)
        for fd, place in ((fds[STDOUT], 1), (fds[STDERR], 2)):
            os.dup2(fd, place)
            os.close(fd)
        self._stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fds[STREAM])
        self._take_signals()
        sys.stdout, sys.stderr = equipment.files
        logging.getLogger().addHandler(self._handler)
        atexit._clear()  # exit functions of the host are the host's
        gc.enable()

    def _take_signals(self) -> None:
        signal.signal(signal.SIGTERM, self._told_to_end)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        os.register_at_fork(
            before=self._before_fork, after_in_parent=self._after_fork, after_in_child=self._in_grandchild
        )
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # blocked by the host since before the fork

    # What the procedure forks is its own, and ends at SIGTERM as any process does. multiprocessing ends the workers of
    # a pool so: with the job's handler they would raise an exception, and some go on.

    def _before_fork(self) -> None:
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def _after_fork(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def _in_grandchild(self) -> None:
        if signal.getsignal(signal.SIGTERM) == self._told_to_end:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self._after_fork()

    def _told_to_end(self, number: int, frame: FrameType | None) -> None:
        if self._phase is Phase.FINISHING:
            self._outlet.returned()
        if self._phase is Phase.FINISHING or self._signalled:
            return
        self._signalled = True
        if self._phase is Phase.RUNNING:
            self._owed = self._outlet.busy
            if not self._owed:
                raise JobTerminated

    def _after_line(self) -> None:
        """A signal that came in the middle of a line of the stream acts when the line is complete."""
        if self._owed:
            self._owed = False
            raise JobTerminated

    def run(self, soon: float) -> NoReturn:
        """Rehearse, unless the order comes within `soon` seconds; wait for it, do it, end."""
        name_process("linod-spare")
        self._group = enter(self._group)
        if self._group is None:
            adopt_orphans()
        if not has_order(self._stream, soon):
            rehearse(self._outlet, self._handler, sys.stdout)
        order = read_order(self._stream)
        name_process(f"linod-job-{order['job_id']}")
        verdict = self._perform(order, find(order["procedure"], order["task"].get("kind")))
        self._finish(verdict)

    def _perform(self, order: Message, func: Callable[[BaseRequest], object]) -> Verdict:
        """Run at_job_start's functions, then the procedure. Whatever they raise becomes the verdict."""
        try:
            try:
                ar = begin(order, self._stream, self._outlet)
                if limits := order.get("limits"):  # an older daemon knows none
                    self._memory_max = limit(self._group, limits)
                self._phase = Phase.RUNNING
                if self._signalled:
                    raise JobTerminated
                failed = run_hooks()
                if failed is None:
                    call(func, ar, self._told_in_loop)
            finally:
                self._phase = Phase.FINISHING
        except BaseException as error:  # the one place where a job's exception ends: it becomes the outcome
            return of_exception(error, self._memory_max)
        return failed or Verdict(State.SUCCEEDED)

    def _told_in_loop(self) -> None:
        self._signalled = True

    def _finish(self, verdict: Verdict) -> NoReturn:
        """End as the interpreter would: threads, exit functions, buffers; then report and exit."""
        if os.getpid() != self._pid:  # a fork that the procedure made came back here: it has no outcome to report
            os._exit(verdict.exit_code)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for step in (threading._shutdown, atexit._run_exitfuncs, self._flush):  # type: ignore[attr-defined]
            try:
                step()
            except BaseException as error:  # a plugin's exit function; the outcome is decided
                logging.getLogger("lino").warning("At the end of the job: %s", error, exc_info=error)
        reported = self._outlet.report(verdict.report(self._signalled))
        os._exit(verdict.exit_code if reported else verdict.unreported)

    def _flush(self) -> None:
        for file in (sys.stdout, sys.stderr, *self._host_files):
            if file is not None and not file.closed:
                file.flush()
        for printed in self._printed:
            printed.end()
