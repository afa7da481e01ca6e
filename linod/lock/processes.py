"""Processes known for sure: by pid, start time and boot id. A pid alone is reused: it would end the wrong one."""

import os
import select
import signal
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from linod.tuples import NamedTuple

PROC = Path("/proc")

ROUNDS = 20
"""Looks at /proc for processes that were forked before their parents stood still."""


@cache
def boot_id() -> str:
    """The id of this run of the machine."""
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


class Stat(NamedTuple):
    """Of proc_pid_stat(5): state, parent, session, and start in clock ticks since boot."""

    state: str
    parent: int
    session: int
    started: int

    @classmethod
    def of(cls, pid: int) -> "Stat | None":
        """What the kernel says of a process; None when there is none."""
        try:
            text = (PROC / str(pid) / "stat").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return None
        words = text.rpartition(b")")[2].split()  # the name before it, in parentheses, may hold any bytes
        return cls(words[0].decode(), int(words[1]), int(words[3]), int(words[19]))


class ProcessId(NamedTuple):
    """One process.

    started  clock ticks from boot to its start: field 22 of /proc/PID/stat.
    boot_id  the run of the machine it belongs to.
    """

    pid: int
    started: int
    boot_id: str

    @classmethod
    def of(cls, pid: int) -> "ProcessId | None":
        """The process that has this pid now; None when there is none."""
        stat = Stat.of(pid)
        return None if stat is None else cls(pid, stat.started, boot_id())

    @classmethod
    def own(cls) -> "ProcessId":
        """This process."""
        found = cls.of(os.getpid())
        if found is None:
            raise ProcessLookupError("/proc does not show this process; is it mounted?")
        return found

    def alive(self) -> bool:
        """Whether it runs. (A zombie does not, it only waits to be reaped.)"""
        if self.boot_id != boot_id():
            return False
        stat = Stat.of(self.pid)
        return stat is not None and stat.started == self.started and stat.state not in "ZX"

    def pidfd(self) -> int | None:
        """A descriptor of exactly this process, readable when it ends; None when it has ended."""
        try:
            fd = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return None
        # Asked after opening: had the pid been given to another process before, the start time would differ.
        if self.alive():
            return fd
        os.close(fd)
        return None


def end_process(process: ProcessId, number: signal.Signals = signal.SIGKILL) -> bool:
    """Send a signal to exactly this process; False when it has ended, or belongs to somebody else."""
    fd = process.pidfd()
    if fd is None:
        return False
    try:
        return _send(fd, number)
    finally:
        os.close(fd)


def end_leftovers(pid: int, pid_started: int, boot_id: str, timeout: float = 2.0) -> bool:
    """End the process that the columns of a job name, with all that it started, if it still lives.

    timeout  seconds to wait for the ends.
    Returns  whether nothing of it is left.
    """
    return end_tree([ProcessId(pid, pid_started, boot_id)], timeout)


def end_tree(roots: Iterable[ProcessId], timeout: float = 2.0) -> bool:
    """`kill_tree`, and wait until all have ended.

    timeout  seconds to wait for each.
    Returns  whether all have ended. False also when one belongs to another user.
    """
    return all(_ends(process, timeout) for process in kill_tree(roots))


def kill_tree(roots: Iterable[ProcessId]) -> list[ProcessId]:
    """Kill processes with their descendants and the sessions these lead.

    All are stopped before the first is killed, so that none forks on, and none escapes by losing its parent. No
    descriptor is held meanwhile: a process may have more descendants than this one may have descriptors.

    Returns  those that were there to be killed.
    """
    roots = list(roots)
    frozen: set[ProcessId] = set()
    for _ in range(ROUNDS):
        fresh = {process for process in _found(roots, frozen) if process not in frozen and process.alive()}
        if not fresh:
            break
        for process in fresh:
            end_process(process, signal.SIGSTOP)
        frozen |= fresh
    for process in frozen:
        end_process(process)
    return list(frozen)


def children(pid: int) -> list[int]:
    """The children of a process, those that wait to be reaped included."""
    return [child for child in _pids() if (stat := Stat.of(child)) is not None and stat.parent == pid]


def _found(roots: Iterable[ProcessId], frozen: Iterable[ProcessId]) -> Iterator[ProcessId]:
    """The roots, their descendants, and the members of sessions that one of these leads. Never this process."""
    tree = {process.pid for process in (*roots, *frozen) if process.alive()}
    stats = {pid: stat for pid in _pids() if (stat := Stat.of(pid)) is not None}
    grown = True
    while grown:
        more = {pid for pid, stat in stats.items() if stat.parent in tree or stat.session in tree} - tree
        tree |= more
        grown = bool(more)
    for pid in tree & stats.keys() - {os.getpid()}:
        yield ProcessId(pid, stats[pid].started, boot_id())


def _pids() -> Iterator[int]:
    return (int(name) for name in os.listdir(PROC) if name.isdecimal())  # noqa: PTH208  # names are all that is wanted


def _send(pidfd: int, number: signal.Signals) -> bool:
    try:
        signal.pidfd_send_signal(pidfd, number)
    except (ProcessLookupError, PermissionError):  # ended; or of another user, which waiting for its end will show
        return False
    return True


def _ends(process: ProcessId, timeout: float) -> bool:
    """Whether a process ends within so many seconds."""
    fd = process.pidfd()
    if fd is None:
        return True
    try:
        return wait_for(fd, timeout)
    finally:
        os.close(fd)


def wait_for(pidfd: int, timeout: float) -> bool:
    """Whether a process ends within so many seconds."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(timeout * 1000))


def locking(path: Path) -> list[ProcessId]:
    """The processes that hold the lock of a `LockFile`: the daemon, and who inherited its descriptor.

    Source  proc_pid_fdinfo(5), "lock". Shows only processes of the same user, to root all.
    """
    try:
        wanted = path.stat().st_ino
    except FileNotFoundError:
        return []
    return [process for pid in _pids() if _locks(pid, wanted) and (process := ProcessId.of(pid)) is not None]


def _locks(pid: int, inode: int) -> bool:
    try:
        return any(_is_lock(file.read_bytes(), inode) for file in (PROC / str(pid) / "fdinfo").iterdir())
    except OSError:  # it has ended, closed that file, or belongs to somebody else
        return False


def _is_lock(info: bytes, inode: int) -> bool:
    lines = (line.split() for line in info.splitlines() if line.startswith(b"lock:"))
    # lock: 1: OFDLCK ADVISORY WRITE -1 fe:00:1234 0 0       the last two are the first and the last byte
    return any(b"OFDLCK" in words and words[-3].endswith(b":%d" % inode) and words[-2] == b"0" for words in lines)
