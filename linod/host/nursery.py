"""The children of the host: the spare that waits, the jobs that run, and their ends."""

import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from linod.host.kernel import process_started
from linod.host.protocol import EXIT_NO_ORDER, Message

SPARE_ATTEMPTS = 3
"""Spares that may die one after the other before they are given up: something a plugin registered breaks every
child."""


@dataclass
class _Child:
    """A process that was forked. `job` is None while it is the spare; `ending`: its group goes with it."""

    pid: int
    pidfd: int
    started: int
    channel: socket.socket
    job: int | None = None
    ending: bool = False


class Nursery:
    """Forks, hands over, signals, reaps. A child's pid is its own until it is reaped here, so signals cannot miss.

    epoll      reports a child's pidfd when the child ends.
    inherited  descriptors that a child closes first thing, beside what this object opens.
    """

    def __init__(self, epoll: select.epoll, inherited: Sequence[int]) -> None:
        self._epoll = epoll
        self._inherited = inherited
        self._children: dict[int, _Child] = {}  # by pidfd
        self._jobs: dict[int, _Child] = {}  # by job
        self._spare: _Child | None = None
        self._lost_spares = 0

    def prepare(self) -> None:
        """Import what every child needs, and take back what plugins did to logging."""
        from linod.host import child  # noqa: F401
        from linod.host.logs import release_logging
        from linod.procedures import procedures

        release_logging()
        if any(_is_async(procedure.func) for procedure in procedures.ordered()):
            from linod.host import coroutine  # noqa: F401

    def warnings(self) -> list[str]:
        """What the registry has to say about the plugins."""
        from linod.procedures import procedures

        return list(procedures.warnings)

    def keep_spare(self) -> None:
        """Fork the next child if none waits."""
        if self._spare is None and self._lost_spares < SPARE_ATTEMPTS:
            try:
                self._spare = self._fork()
            except OSError as error:  # EAGAIN, ENOMEM, EMFILE: the next job tries again, and reports it
                print(f"linod: no spare child: {error}")
                self._lost_spares = SPARE_ATTEMPTS

    def start(self, job: int, fds: list[int]) -> Message:
        """Hand a job's descriptors to the spare, or to a child forked now. Returns what to tell the daemon."""
        try:
            child = self._hand_over(job, fds)
        except OSError as error:
            return {"type": "unstarted", "job": job, "error": error.strerror or str(error)}
        finally:
            for fd in fds:
                os.close(fd)  # else the daemon would see no end of the job's stream
        return {"type": "started", "job": job, "pid": child.pid, "started": child.started}

    def _hand_over(self, job: int, fds: list[int]) -> _Child:
        child, self._spare = self._spare, None
        try:
            child = child or self._fork(fds)
            socket.send_fds(child.channel, [b"job"], fds)
        except (BrokenPipeError, ConnectionResetError):  # somebody killed the spare
            child = self._fork(fds)
            socket.send_fds(child.channel, [b"job"], fds)
        child.channel.close()
        child.job = job
        self._jobs[job] = child
        self._lost_spares = 0
        return child

    def _fork(self, passing: Sequence[int] = ()) -> _Child:
        """Fork a child that then waits for its job.

        passing  descriptors that will be passed to it, so that it needs no second copy.
        Raises   OSError when there cannot be another process.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            sys.stdout.flush()
            sys.stderr.flush()
            parent = os.getpid()
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # until the child has a handler of its own
            try:
                pid = os.fork()
                if pid == 0:
                    self._be_child(theirs, parent, [ours.fileno(), *passing, *self._descriptors()])
            except OSError:
                ours.close()
                raise
            finally:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        child = _Child(pid, os.pidfd_open(pid), process_started(pid), ours)
        self._children[child.pidfd] = child
        self._epoll.register(child.pidfd, select.EPOLLIN)
        return child

    def _be_child(self, channel: socket.socket, parent: int, inherited: Iterable[int]) -> NoReturn:
        from linod.host.child import Child

        try:
            Child(channel, parent, inherited).run()
        except BaseException:  # linod's own failure; it must not reach the host's loop, of which this is a copy
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(EXIT_NO_ORDER)

    def _descriptors(self) -> Iterable[int]:
        yield from self._inherited
        for child in self._children.values():
            yield child.pidfd
            if child.channel.fileno() >= 0:
                yield child.channel.fileno()

    def signal(self, job: int, number: int, *, whole_group: bool, ending: bool) -> None:
        """Send a signal to a job's process or its whole process group; `ending`: what is left of the group is
        killed at its end."""
        child = self._jobs.get(job)
        if child is not None:
            child.ending = child.ending or ending
            _kill(child.pid, number, whole_group)

    def ended(self, pidfd: int) -> Message | None:
        """A child's pidfd is readable: reap it. Returns what to tell the daemon; nothing about a spare."""
        child = self._children.pop(pidfd)
        if child.ending:
            _kill(child.pid, signal.SIGKILL, whole_group=True)  # before reaping: the group's id cannot be another's yet
        self._epoll.unregister(pidfd)
        try:
            end = os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
        except ChildProcessError:  # a plugin's at-fork function or signal handler has reaped it
            end = None
        os.close(pidfd)
        child.channel.close()
        if child.job is None:
            self._spare = None if self._spare is child else self._spare
            self._lost_spares += 1
            return None
        del self._jobs[child.job]
        status: Message = {"code": None, "signal": None}
        if end is not None:
            status["code" if end.si_code == os.CLD_EXITED else "signal"] = end.si_status
        return {"type": "exited", "job": child.job, **status}

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
