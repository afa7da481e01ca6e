"""The children of the host: the one that waits for its order, those that run, and their ends."""

import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn

from linod.cgroups import Group, Watch
from linod.host.kernel import process_started
from linod.host.protocol import EXIT_NO_ORDER, Message
from linod.host.strays import Strays, StrayWatch

if TYPE_CHECKING:
    from resource import struct_rusage

    from linod.host.child import Equipment

SOON = 0.05
"""Seconds that a child waits for its order before it rehearses, when it was forked while all job slots were taken: if
work waits, the order comes within milliseconds, and a rehearsal, 0.8 ms, holds up others more than it helps one."""


STUCK = 2.0
"""Seconds that what a child leaves behind has to die, when it is killed; in uninterruptible sleep it does not."""


class _Child:
    """A process that was forked.

    ending    its process group goes with it.
    told      a signal to end has reached it.
    group     its control group, None when it was given none.
    left      processes that it left behind in there.
    watch     tells when these have ended.
    deadline  when that is not waited for any longer, by the monotonic clock.
    """

    def __init__(self, number: int, pid: int, group: Group | None) -> None:
        self.number = number
        self.pid = pid
        self.pidfd = os.pidfd_open(pid)
        self.started = process_started(pid)
        self.ending = False
        self.told = False
        self.group = group
        self.left = 0
        self.watch: Watch | StrayWatch | None = None
        self.deadline = 0.0


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
        self._leaving: dict[int, _Child] = {}  # by the descriptor of the watch
        self._unremoved: list[Group] = []
        self._strays: Strays | None = None
        self._equipment: Equipment

    def prepare(self) -> None:
        """Import and rehearse what every child does, and take back what plugins did to logging."""
        from linod.host.child import Equipment
        from linod.host.logs import release_logging
        from linod.host.rehearsal import rehearse_in_host
        from linod.procedures import procedures

        release_logging()
        if any(_is_async(procedure.func) for procedure in procedures.ordered()):
            from linod.host import coroutine  # noqa: F401
        self._equipment = Equipment()
        rehearse_in_host(self._equipment.outlet, self._equipment.handler, self._equipment.files[0])

    def warnings(self) -> list[str]:
        """What the registry has to say about the plugins."""
        from linod.procedures import procedures

        return list(procedures.warnings)

    def fork(self, number: int, fds: list[int], *, full: bool, group: str | None) -> Message:
        """Fork a child that waits for its order on the channel `fds`. Returns what to tell the daemon.

        full   all job slots are taken.
        group  the path of the control group that the child is to make, None when it gets none.
        """
        try:
            child = self._fork(number, fds, full, Group(group) if group else None)
        except OSError as error:
            return {"type": "unforked", "child": number, "error": error.strerror or str(error)}
        finally:
            for fd in fds:
                os.close(fd)  # else the daemon would see no end of the child's stream
        return {"type": "forked", "child": number, "pid": child.pid, "started": child.started}

    def _fork(self, number: int, fds: Sequence[int], full: bool, group: Group | None) -> _Child:
        """Raises  OSError when there cannot be another process."""
        if group is None and self._strays is None:
            self._strays = Strays(lambda: {child.pid for child in self._children.values()})
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # until the child has a handler of its own
        try:
            pid = os.fork()
            if pid == 0:
                self._be_child(fds, parent, self._open(), full, group)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        child = _Child(number, pid, group)
        self._children[child.pidfd] = self._numbers[number] = child
        self._epoll.register(child.pidfd, select.EPOLLIN)
        return child

    def _open(self) -> list[int]:
        """What a child must not hold."""
        watched = () if self._strays is None else self._strays.watched
        return [*self._inherited, *self._children, *self._leaving, *watched]

    def _be_child(
        self, fds: Sequence[int], parent: int, inherited: Sequence[int], full: bool, group: Group | None
    ) -> NoReturn:
        from linod.host.child import Child

        try:
            Child(fds, parent, inherited, self._equipment, group).run(SOON if full else 0.0)
        except BaseException:  # linod's own failure; it must not reach the host's loop, of which this is a copy
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(EXIT_NO_ORDER)

    def signal(self, number: int, signum: int, *, whole_group: bool) -> None:
        """End a child by a signal to it, or to its whole process group. What is left of the group is killed at its
        end."""
        child = self._numbers.get(number)
        if child is not None:
            child.ending = True
            child.told = child.told or _lives(child)
            if whole_group and signum == signal.SIGKILL:
                self._end_everything(child)
            else:
                _kill(child.pid, signum, whole_group)

    def happened(self, fd: int) -> Message | None:
        """A descriptor that was given to epoll is readable. Returns what to tell the daemon, if there is something."""
        child = self._leaving.get(fd)
        if child is None:
            child = self._children[fd]
            self._epoll.unregister(fd)
            return None if self._leaves(child) else self._over(child)
        return self._over(child) if child.watch is not None and child.watch.empty() else None

    def patience(self) -> float:
        """Seconds for which epoll may wait; -1 for as long as it likes."""
        if not self._leaving:
            return -1
        return max(0.0, min(child.deadline for child in self._leaving.values()) - time.monotonic())

    def overdue(self) -> Iterator[Message]:
        """What to tell of children that have ended, but not all that they left behind, which was waited for."""
        if self._leaving:
            now = time.monotonic()
            for child in [child for child in self._leaving.values() if child.deadline <= now]:
                yield self._over(child)

    def _leaves(self, child: _Child) -> bool:
        """Whether a child that has ended leaves processes behind. They are killed, and their end is awaited."""
        group = child.group
        if group is None:
            return self._leaves_strays(child)
        try:
            watch = group.watch()
        except FileNotFoundError:  # it was killed before it entered, or could not
            child.group = None
            return False
        except OSError as error:  # no more descriptors: this is not waited for
            print(f"Killing what a child leaves behind: {error}", file=sys.__stderr__)
            self._end_everything(child)
            return False
        if watch.empty():
            watch.close()
            return False
        child.left = len(set(group.members()) - {child.pid})
        group.kill()
        self._await(child, watch, select.EPOLLPRI)
        return True

    def _leaves_strays(self, child: _Child) -> bool:
        if self._strays is None or not (left := self._strays.kill()):
            return False
        child.left = left
        try:
            watch = StrayWatch(self._strays)
        except OSError:  # no more descriptors: this is not waited for
            return False
        if watch.empty():
            watch.close()
            return False
        self._await(child, watch, select.EPOLLIN)
        return True

    def _await(self, child: _Child, watch: Watch | StrayWatch, events: int) -> None:
        child.watch, child.deadline = watch, time.monotonic() + STUCK
        self._leaving[watch.fd] = child
        self._epoll.register(watch.fd, events)

    def _over(self, child: _Child) -> Message:
        """Reap a child. Returns what to tell the daemon."""
        from linod.cgroups.usage import usage  # after the start

        status: Message = {"code": None, "signal": None, "left": child.left, "stuck": False, "told": child.told}
        if child.watch is not None:
            status["stuck"] = not child.watch.empty()
            if status["stuck"] and child.group is None and self._strays is not None:
                self._strays.give_up()
            del self._leaving[child.watch.fd]
            self._epoll.unregister(child.watch.fd)
            child.watch.close()
        if child.ending:
            _kill(child.pid, signal.SIGKILL, whole_group=True)  # before reaping: the group's id cannot be another's yet
        rusage = _reap(child.pid, status)
        del self._numbers[child.number], self._children[child.pidfd]  # now, else it would be reaped as a stray
        os.close(child.pidfd)
        status["usage"] = usage(rusage, child.group)
        self._remove(child.group)
        return {"type": "exited", "child": child.number, **status}

    def _remove(self, group: Group | None) -> None:
        """Remove a control group, and those that could not be removed before."""
        groups = self._unremoved if group is None else [*self._unremoved, group]
        self._unremoved = [one for one in groups if not one.remove()]

    def kill_all(self) -> None:
        """Kill every child with all that it has started, and wait until each is gone."""
        for child in self._children.values():
            self._end_everything(child)
        for child in list(self._children.values()):
            if child.group is not None:
                child.group.wait_until_empty(STUCK)
            self._over(child)
        if self._strays is not None:
            StrayWatch(self._strays).wait(STUCK)

    def _end_everything(self, child: _Child) -> None:
        """SIGKILL to a child and all that it has started."""
        if child.group is not None:
            child.group.kill()
        elif self._strays is not None:
            from linod.lock.processes import ProcessId, boot_id, kill_tree

            kill_tree([ProcessId(child.pid, child.started, boot_id())])
        _kill(child.pid, signal.SIGKILL, whole_group=True)


def _reap(pid: int, status: Message) -> "struct_rusage | None":
    """Wait for the end of a child, and write down how it was. Returns what it has used."""
    try:
        _, end, rusage = os.wait4(pid, 0)
    except ChildProcessError:  # a plugin's at-fork function or signal handler has reaped it
        return None
    code = os.waitstatus_to_exitcode(end)
    status["code" if code >= 0 else "signal"] = abs(code)
    return rusage


def _lives(child: _Child) -> bool:
    """Whether a child has not ended by itself already: a signal does not fail before it is reaped."""
    try:
        return os.waitid(os.P_PIDFD, child.pidfd, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:  # a plugin's at-fork function or signal handler has reaped it
        return False


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
