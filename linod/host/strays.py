"""What jobs leave behind that have no control group.

Such a child adopts the orphans among its descendants, whatever sessions they have made for themselves; when it ends,
the host adopts them all (PR_SET_CHILD_SUBREAPER, prctl(2)). So what a job has started has the job's process above it
while that lives, and then the host. What takes itself out of this, and no way leads back, is nobody's.
"""

import contextlib
import os
import select
import signal
from collections.abc import Callable, Collection

from linod.host.kernel import adopt_orphans, read

ROUNDS = 100
"""Looks for those that were forked before their parents stood still."""


class Strays:
    """The children of this process that it has not forked.

    known    the pids of those that it has forked.
    watched  descriptors that are open for some of them.
    """

    def __init__(self, known: Callable[[], Collection[int]]) -> None:
        adopt_orphans()
        self._known = known
        self._session = os.getsid(0)
        self._others = frozenset(_children())  # those of a plugin, and of us: a stray gets another number
        self._killed: set[int] = set()
        self._undying: set[int] = set()
        self.watched: set[int] = set()

    def kill(self) -> int:
        """Kill those that live, with all their descendants. Returns how many processes that are, but for those that
        were killed before."""
        count = 0
        for _ in range(ROUNDS):
            fresh = self._living() - self._killed
            if not fresh:
                break
            count += self._kill(fresh)
        return count

    def _kill(self, fresh: set[int]) -> int:
        for pid in fresh:  # at once: one that forks and ends again and again is gone when its family has been found
            _send(pid, signal.SIGSTOP)
        killed = fresh | _kill_families({pid for pid in fresh if _has_children(pid)})
        for pid in fresh:
            _send(pid, signal.SIGKILL)
        self._killed |= killed
        return len(killed)

    def remaining(self) -> set[int]:
        """Those that still live; what has come since is killed, too."""
        self.kill()
        return self._living()

    def give_up(self) -> None:
        """Wait for those that live no longer, now and later."""
        self._undying |= self._living()

    def _living(self) -> set[int]:
        """Reap those that have ended. Returns the others."""
        living = self._unreaped()
        self._undying &= living
        living -= self._undying
        if not living:
            self._killed.clear()
        return living

    def _unreaped(self) -> set[int]:
        """Reap those that have ended. If all have, look again: what one leaves, dead or alive, is ours by its end, and
        that may come after the list of our children was read (2 of 590 families)."""
        living: set[int] = set()
        for _ in range(ROUNDS):
            known = self._known()
            found = [pid for pid in _children() if pid not in known and pid not in self._others]
            ours = [pid for pid in found if self._is_stray(pid)]
            living = {pid for pid in ours if _lives(pid)}
            if living or not ours:
                break
        return living

    def _is_stray(self, pid: int) -> bool:
        """A job is in a session of its own: what is in ours, a thread of a plugin has started."""
        with contextlib.suppress(ProcessLookupError):  # a plugin's handler has reaped it
            return os.getsid(pid) != self._session
        return False


class StrayWatch:
    """Tells when there are no strays left: a descriptor for a poll, readable when that may be so."""

    def __init__(self, strays: Strays) -> None:
        self._strays = strays
        self._epoll = select.epoll()
        self._pidfd: int | None = None
        self.fd = self._epoll.fileno()

    def empty(self) -> bool:
        """Whether all have ended. One of them is watched: so they need no descriptor each."""
        self._forget()
        while remaining := self._strays.remaining():
            try:
                self._pidfd = os.pidfd_open(max(remaining))  # the last one to be started is mostly the last to end
            except ProcessLookupError:  # it was reaped by a plugin's handler
                continue
            except OSError:  # no more descriptors: they are not waited for
                return True
            self._strays.watched.add(self._pidfd)
            self._epoll.register(self._pidfd, select.EPOLLIN)
            return False
        return True

    def wait(self, timeout: float) -> bool:
        """Whether all have ended within so many seconds after each other."""
        while not self.empty():
            if not self._epoll.poll(timeout):
                return False
        return True

    def _forget(self) -> None:
        if self._pidfd is not None:
            self._strays.watched.discard(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = None

    def close(self) -> None:
        self._forget()
        self._epoll.close()


def _send(pid: int, number: signal.Signals) -> None:
    """To a child of ours: its number is its own until we have reaped it."""
    with contextlib.suppress(PermissionError):  # it has become another user's
        os.kill(pid, number)


def _lives(pid: int) -> bool:
    """Whether a child has not ended; it is reaped if it has."""
    try:
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:  # a plugin's handler has reaped it
        return False


def _has_children(pid: int) -> bool:
    """Whether a process that stands still has children; mostly it has none, and nobody needs to look for them."""
    try:
        return any(read(f"/proc/{pid}/task/{task}/children", 4096) for task in os.listdir(f"/proc/{pid}/task"))  # noqa: PTH208
    except FileNotFoundError:  # it has ended; or a kernel without CONFIG_PROC_CHILDREN
        return True


def _kill_families(pids: set[int]) -> set[int]:
    """Kill processes with all their descendants; returns whom."""
    if not pids:
        return set()
    from linod.lock.processes import ProcessId, kill_tree

    return {process.pid for process in kill_tree(filter(None, map(ProcessId.of, pids)))}


def _children() -> list[int]:
    """The children of this process, as its first thread has them: it forks, and it adopts."""
    pid = os.getpid()
    try:
        return [int(word) for word in read(f"/proc/{pid}/task/{pid}/children", 1 << 20).split()]
    except FileNotFoundError:  # a kernel without CONFIG_PROC_CHILDREN
        from linod.lock.processes import children

        return children(pid)
