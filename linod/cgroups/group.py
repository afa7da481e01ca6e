"""One control group: entered by a child, limited, watched, killed, read and removed. Standard library only, and few of
it: the host has no use for more.

The files are those of Documentation/admin-guide/cgroup-v2.rst. Which of them there are depends on the controllers that
the machine gives.
"""

import contextlib
import os
import select
from collections.abc import Iterator, Mapping

FILES = {"memory_max": "memory.max", "cpu_weight": "cpu.weight", "pids_max": "pids.max"}
"""The policies of `linod.policies.LIMITS`, and the files that they are written to."""


class Group:
    """A directory of the kernel's.

    path  below it is what belongs to one child.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def enter(self) -> None:
        """Make the group, and move this process into it. Raises OSError.

        The kernel takes up to 15 ms for a move when it has made none for a while (it waits until all processors have
        seen that one is to come), and 0.1 ms when many are made: so nobody enters who is waited for.
        """
        os.mkdir(self.path)  # noqa: PTH102 - pathlib costs the host 5 ms
        self._write("cgroup.procs", "0")

    def limit(self, limits: Mapping[str, int]) -> dict[str, int]:
        """Set limits by the names of their policies. Returns those for which there is no controller here.

        memory_max  bytes; whoever takes more is killed, with all others of the group, and nothing is swapped instead.
        cpu_weight  1 to 10000; 100 is what others have.
        pids_max    processes and threads at once.
        """
        missing = {}
        for column, value in limits.items():
            try:
                if column == "memory_max":
                    self._before_memory_max()
                self._write(FILES[column], str(value))
            except FileNotFoundError:
                missing[column] = value
        return missing

    def _before_memory_max(self) -> None:
        self._write("memory.oom.group", "1")
        with contextlib.suppress(FileNotFoundError):  # a kernel without accounting of swap
            self._write("memory.swap.max", "0")

    def kill(self) -> None:
        """SIGKILL to all that is in it and below it, also to what is being forked meanwhile.

        Does nothing when nobody has entered it yet, or the job has made it one of threads (EOPNOTSUPP).
        """
        with contextlib.suppress(OSError):
            self._write("cgroup.kill", "1")

    def members(self) -> list[int]:
        """The pids in it; those of its own subgroups are not among them."""
        return [int(word) for word in self._read("cgroup.procs").split()]

    def watch(self) -> "Watch":
        """Raises FileNotFoundError when nobody has entered it, another OSError when this process can open no more."""
        return Watch(self.path)

    def wait_until_empty(self, timeout: float) -> bool:
        """Whether all that lives in it ends within so many seconds."""
        try:
            watch = self.watch()
        except OSError:  # there is no such group
            return True
        try:
            poll = select.poll()
            poll.register(watch.fd, select.POLLPRI)
            return watch.empty() or (bool(poll.poll(timeout * 1000)) and watch.empty())
        finally:
            watch.close()

    def counted(self) -> dict[str, float]:
        """What was counted for it, of all that were in it: by the names of columns, and `oom_kills`. What there is no
        controller for is left out."""
        found: dict[str, float] = {}
        if "usage_usec" in (times := _pairs(self._read("cpu.stat"))):
            found["cpu_seconds"] = times["usage_usec"] / 1_000_000
        for column, name in (("memory_peak", "memory.peak"), ("processes", "pids.peak")):
            if text := self._read(name):
                found[column] = int(text)
        if text := self._read("io.stat"):
            found["bytes_read"], found["bytes_written"] = transferred(text)
        found["oom_kills"] = _pairs(self._read("memory.events")).get("oom_kill", 0)
        return found

    def remove(self) -> bool:
        """Remove it with the groups that the job has made below it. False when a process lives in one of them."""
        try:
            os.rmdir(self.path)  # noqa: PTH106
        except FileNotFoundError:
            return True
        except OSError:
            return self._remove_tree()
        return True

    def _remove_tree(self) -> bool:
        try:
            for place, _, _ in os.walk(self.path, topdown=False):
                os.rmdir(place)  # noqa: PTH106
        except OSError:
            return False
        return True

    def _read(self, name: str) -> str:
        """The text of one of its files; nothing when there is no such file, or this process can open no more."""
        try:
            return read(f"{self.path}/{name}")
        except OSError:
            return ""

    def _write(self, name: str, text: str) -> None:
        write(f"{self.path}/{name}", text)


class Watch:
    """Tells when a group is empty: a descriptor for a poll, that has EPOLLPRI (POLLPRI) when it may be."""

    def __init__(self, path: str) -> None:
        self.fd = os.open(f"{path}/cgroup.events", os.O_RDONLY)

    def empty(self) -> bool:
        """Whether no process lives in it, nor below it. One that has ended, and only waits to be reaped, does not."""
        try:
            return _pairs(os.pread(self.fd, 4096, 0).decode()).get("populated") == 0
        except OSError:  # ENODEV: the group was removed
            return True

    def close(self) -> None:
        os.close(self.fd)


def read(path: str) -> str:
    """The text of a file of the kernel's. A read returns a page of a list at most, some 600 pids (seq_file)."""
    fd = os.open(path, os.O_RDONLY)
    found = b""
    try:
        while piece := os.read(fd, 1 << 14):
            found += piece
        return found.decode()
    finally:
        os.close(fd)


def write(path: str, text: str) -> None:
    """One write, as the kernel wants it. An OSError names the file."""
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    except OSError as error:
        error.filename = path
        raise
    finally:
        os.close(fd)


def _pairs(text: str) -> dict[str, int]:
    """A "flat keyed" file: KEY VALUE, line by line."""
    return {key: int(value) for key, value in (line.split() for line in text.splitlines())}


def transferred(text: str) -> tuple[int, int]:
    """Bytes read and written, of all devices: io.stat has a line "MAJOR:MINOR rbytes=1 wbytes=2 ..." for each."""
    words = [word for line in text.splitlines() for word in line.split()[1:]]
    return _sum(words, "rbytes="), _sum(words, "wbytes=")


def _sum(words: list[str], key: str) -> int:
    def values() -> Iterator[int]:
        return (int(word.removeprefix(key)) for word in words if word.startswith(key))

    return sum(values())
