"""What processes used, read in /proc (proc(5))."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Usage:
    """CPU seconds, those of reaped children included, and voluntary context switches of all threads."""

    cpu: float
    wakeups: int

    @staticmethod
    def between(before: Mapping[int, "Usage"], after: Mapping[int, "Usage"]) -> "Usage":
        """The sum over all processes of `after`; one that was not there before counts from its beginning."""
        started = [before.get(pid, Usage(0.0, 0)) for pid in after]
        return Usage(
            cpu=sum(usage.cpu for usage in after.values()) - sum(usage.cpu for usage in started),
            wakeups=sum(usage.wakeups for usage in after.values()) - sum(usage.wakeups for usage in started),
        )


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name, which may hold spaces: index 0 is field 3 of proc(5)."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def tree(root: int) -> list[int]:
    """`root` and all its descendants that live, parents first; a process that ends meanwhile is left out."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            try:
                parent = int(_stat(int(entry.name))[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def usage(pid: int) -> Usage:
    """What one process used until now."""
    ticks = sum(int(field) for field in _stat(pid)[11:15])  # utime, stime, cutime, cstime
    switches = sum(_field(task / "status", "voluntary_ctxt_switches") for task in (PROC / str(pid) / "task").iterdir())
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), switches)


def pss_kib(pid: int) -> int:
    """The memory of a process in KiB, each shared page divided by the number of its users."""
    return _field(PROC / str(pid) / "smaps_rollup", "Pss")


def rss_kib(pid: int) -> int:
    """The memory of a process in KiB, shared pages counted whole."""
    return _field(PROC / str(pid) / "status", "VmRSS")


def _field(file: Path, name: str) -> int:
    for line in file.read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0])
    raise LookupError(f"{file} has no line {name}")
