"""What Python's standard library does not ask of Linux: prctl, and when a process started."""

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1  # linux/prctl.h
PR_SET_NAME = 15
PR_SET_CHILD_SUBREAPER = 36

PIECE = 1 << 14

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the process `parent` ends; end now if it is gone already.

    prctl(2): the setting is lost in a fork, so each child makes it itself, and the parent may have ended before it
    could.
    """
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def outlive_parent() -> None:
    """Undo `die_with_parent`."""
    _libc.prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0)


def adopt_orphans() -> None:
    """Have the descendants of this process whose parents end become its children, and not those of process 1."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def name_process(name: str) -> None:
    """The name that ps and top show, at most 15 bytes."""
    _libc.prctl(PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def process_started(pid: int) -> int:
    """Clock ticks from boot to the start of a process, field 22 of proc_pid_stat(5): with the pid it names one process.

    Raises  ProcessLookupError when there is no such process.
    """
    return int(_stat(pid)[19])


def sleeps_uninterruptibly(pid: int) -> bool:
    """Whether a process waits in the kernel for something that no signal ends. False when there is no such process."""
    try:
        return _stat(pid)[0] == b"D"
    except ProcessLookupError:
        return False


def _stat(pid: int) -> list[bytes]:
    """proc_pid_stat(5) from its third field on. Raises ProcessLookupError."""
    try:
        stat = read(f"/proc/{pid}/stat", 4096)
    except (FileNotFoundError, ProcessLookupError) as error:
        raise ProcessLookupError(f"no process {pid}") from error
    return stat.rpartition(b")")[2].split()  # the second field is the name, in parentheses, with any bytes


def resident_kib() -> int:
    """Resident memory of this process."""
    return _pages(1) * os.sysconf("SC_PAGE_SIZE") // 1024


def virtual_bytes() -> int:
    """Addresses that this process has in use, whether or not there is memory behind them."""
    return _pages(0) * os.sysconf("SC_PAGE_SIZE")


def _pages(field: int) -> int:
    return int(read("/proc/self/statm", 4096).split()[field])


def read(path: str, size: int) -> bytes:
    """The beginning of a file, so many bytes at most. (pathlib is 5 ms of imports that the host does without.)

    A read of a list in /proc returns a page of it at most (seq_file), and room for 1 MiB costs 25 us: so in pieces.
    """
    fd = os.open(path, os.O_RDONLY)
    found = b""
    try:
        while len(found) < size and (piece := os.read(fd, min(size - len(found), PIECE))):
            found += piece
        return found
    finally:
        os.close(fd)
