"""What a plugin's import left open: every job inherits it from the host, and two processes on one connection break
it."""

import os
import socket
import threading
from collections.abc import Iterator

from linod.tuples import NamedTuple

CLOSE = "close it in a function under @at_job_start, and open it in the procedure"
START_INSIDE = (
    "start it in the procedure: a fork does not copy threads, so no job has it, and its locks may stay locked"
)

SQLITE_HEADER = b"SQLite format 3\0"  # www.sqlite.org/fileformat.html, 1.2
SQLITE_SIDE_FILES = ("-wal", "-shm", "-journal")


class Inventory(NamedTuple):
    """What this process has open: descriptors with what they stand for, Python's threads, the kernel's threads."""

    files: dict[int, str]
    threads: frozenset[int]
    tasks: frozenset[str]

    @classmethod
    def take(cls) -> "Inventory":
        idents = frozenset(thread.ident or 0 for thread in threading.enumerate())
        return cls(_open_files(), idents, frozenset(os.listdir("/proc/self/task")))  # noqa: PTH208

    def left_open(self) -> Iterator[tuple[str, str, str]]:
        """What is open now and was not then: kind, what it is, what to do."""
        for fd, target in _open_files().items():
            if self.files.get(fd) != target:
                yield from _about_file(fd, target)
        yield from self._about_threads()

    def _about_threads(self) -> Iterator[tuple[str, str, str]]:
        started = [thread for thread in threading.enumerate() if (thread.ident or 0) not in self.threads]
        for thread in started:
            yield "thread", f"started the thread {thread.name!r}", START_INSIDE
        others = len(set(os.listdir("/proc/self/task")) - self.tasks) - len(started)  # noqa: PTH208
        if others > 0:
            yield "thread", f"started {others} threads outside Python (a C library)", START_INSIDE


def _open_files() -> dict[int, str]:
    found = {}
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        try:
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")  # noqa: PTH115
        except FileNotFoundError:  # the listing's own descriptor
            continue
    return found


def _about_file(fd: int, target: str) -> Iterator[tuple[str, str, str]]:
    if target.startswith("socket:"):
        yield "socket", f"left a socket open: {_describe(fd)}", CLOSE
    elif target.startswith("/") and _is_database(fd, target):
        yield "database", f"left a database file open: {target.removesuffix(' (deleted)')}", CLOSE


def _is_database(fd: int, target: str) -> bool:
    """Reads by the descriptor that is there: opening and closing the file again would drop SQLite's locks on it.

    (fcntl(2): closing any descriptor of a file releases the process's locks on it.)
    """
    if target.removesuffix(" (deleted)").endswith(SQLITE_SIDE_FILES):
        return True
    try:
        return os.pread(fd, len(SQLITE_HEADER), 0) == SQLITE_HEADER
    except OSError:  # a directory, a terminal, a file open for writing only
        return False


def _describe(fd: int) -> str:
    try:
        with socket.socket(fileno=os.dup(fd)) as sock:
            family = sock.family.name if isinstance(sock.family, socket.AddressFamily) else str(sock.family)
            return f"{family.removeprefix('AF_')} {_address(sock)}".strip()
    except OSError as error:
        return f"descriptor {fd} ({error.strerror})"


def _address(sock: socket.socket) -> str:
    """The peer of a connected socket, else the address it is bound to, else nothing."""
    for verb, ask in (("connected to", sock.getpeername), ("bound to", sock.getsockname)):
        try:
            address = ask()
        except OSError:  # not connected
            continue
        if isinstance(address, bytes):  # abstract address of a unix socket
            address = "@" + address[1:].decode("utf-8", "backslashreplace")
        if address:
            return f"{verb} {':'.join(map(str, address[:2])) if isinstance(address, tuple) else address}"
    return ""
