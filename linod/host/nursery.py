"""The children of the host: the one that waits for its order, those that run, and their ends."""

import os
import select
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from linod.host.kernel import process_started
from linod.host.protocol import EXIT_NO_ORDER, Message

SOON = 0.05
"""Seconds that a child waits for its order before it rehearses, when it was forked while all job slots were taken: if
work waits, the order comes within milliseconds, and a rehearsal, 0.8 ms, holds up others more than it helps one."""


class _Child:
    """A process that was forked. `ending`: its group goes with it."""

    def __init__(self, number: int, pid: int) -> None:
        self.number = number
        self.pid = pid
        self.pidfd = os.pidfd_open(pid)
        self.started = process_started(pid)
        self.ending = False


class Nursery:
    """Forks, signals, reaps. A child's pid is its own until it is reaped here, so signals cannot miss.

    The daemon gives each child its number and its channel with the order to fork it, and then speaks to it alone: so
    a job that is handed to a child that waits does not pass through the host.

    epoll      reports a child's pidfd when the child ends.
    inherited  descriptors that a child closes first thing, beside what this object opens.
    """

    def __init__(self, epoll: select.epoll, inherited: Sequence[int]) -> None:
        self._epoll = epoll
        self._inherited = inherited
        self._children: dict[int, _Child] = {}  # by pidfd
        self._numbers: dict[int, _Child] = {}

    def prepare(self) -> None:
        """Import and rehearse what every child does, and take back what plugins did to logging."""
        from linod.host import child  # noqa: F401
        from linod.host.logs import release_logging
        from linod.host.rehearsal import rehearse_in_host
        from linod.procedures import procedures

        release_logging()
        if any(_is_async(procedure.func) for procedure in procedures.ordered()):
            from linod.host import coroutine  # noqa: F401
        rehearse_in_host()

    def warnings(self) -> list[str]:
        """What the registry has to say about the plugins."""
        from linod.procedures import procedures

        return list(procedures.warnings)

    def fork(self, number: int, fds: list[int], *, full: bool) -> Message:
        """Fork a child that waits for its order on the channel `fds`. Returns what to tell the daemon.

        full  all job slots are taken.
        """
        try:
            child = self._fork(number, fds, full)
        except OSError as error:
            return {"type": "unforked", "child": number, "error": error.strerror or str(error)}
        finally:
            for fd in fds:
                os.close(fd)  # else the daemon would see no end of the child's stream
        return {"type": "forked", "child": number, "pid": child.pid, "started": child.started}

    def _fork(self, number: int, fds: Sequence[int], full: bool) -> _Child:
        """Raises  OSError when there cannot be another process."""
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # until the child has a handler of its own
        try:
            pid = os.fork()
            if pid == 0:
                self._be_child(fds, parent, [*self._inherited, *self._children], full)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        child = _Child(number, pid)
        self._children[child.pidfd] = self._numbers[number] = child
        self._epoll.register(child.pidfd, select.EPOLLIN)
        return child

    def _be_child(self, fds: Sequence[int], parent: int, inherited: Sequence[int], full: bool) -> NoReturn:
        from linod.host.child import Child

        try:
            Child(fds, parent, inherited).run(SOON if full else 0.0)
        except BaseException:  # linod's own failure; it must not reach the host's loop, of which this is a copy
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(EXIT_NO_ORDER)

    def signal(self, number: int, signum: int, *, whole_group: bool, ending: bool) -> None:
        """Send a signal to a child or its whole process group; `ending`: what is left of the group is killed at its
        end."""
        child = self._numbers.get(number)
        if child is not None:
            child.ending = child.ending or ending
            _kill(child.pid, signum, whole_group)

    def ended(self, pidfd: int) -> Message:
        """A child's pidfd is readable: reap it. Returns what to tell the daemon."""
        child = self._children.pop(pidfd)
        del self._numbers[child.number]
        if child.ending:
            _kill(child.pid, signal.SIGKILL, whole_group=True)  # before reaping: the group's id cannot be another's yet
        self._epoll.unregister(pidfd)
        try:
            end = os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
        except ChildProcessError:  # a plugin's at-fork function or signal handler has reaped it
            end = None
        os.close(pidfd)
        status: Message = {"code": None, "signal": None}
        if end is not None:
            status["code" if end.si_code == os.CLD_EXITED else "signal"] = end.si_status
        return {"type": "exited", "child": child.number, **status}

    def kill_all(self) -> None:
        """Kill every child with its process group, and wait until each is gone."""
        for child in self._children.values():
            _kill(child.pid, signal.SIGKILL, whole_group=True)
        for pidfd in list(self._children):
            self.ended(pidfd)


def _kill(pid: int, number: int, whole_group: bool) -> None:
    try:
        if whole_group:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:
        if whole_group:
            _kill(pid, number, whole_group=False)  # forked just now: it has no group of its own yet
    except PermissionError:  # the job gave up being the host's user
        return


def _is_async(func: object) -> bool:
    code = getattr(func, "__code__", None)
    return bool(code is not None and code.co_flags & 0x80)  # inspect.CO_COROUTINE
