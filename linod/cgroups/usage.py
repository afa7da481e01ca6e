"""What a job has used, by the names of its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from resource import struct_rusage

    from linod.cgroups.group import Group

BLOCK = 512
"""Bytes; what getrusage(2) counts in, whatever the device has."""


def usage(rusage: struct_rusage | None, group: Group | None) -> dict[str, float]:
    """Put together what the kernel has counted for a process that was waited for, and for its control group.

    The group knows all that ever were in it, the process only those of its descendants that were waited for. But what
    was written is on a group's account only when it is on the disk, often after the job, and on a process's when it
    wrote: of what is transferred the larger figure is told.

    rusage   None when it is not known.
    group    None when it had none.
    Returns  cpu_seconds, memory_peak, bytes_read, bytes_written, processes; oom_kills, of a group. Those that nobody
             has counted are left out.
    """
    of_group = group.counted() if group is not None else {}
    of_process = _of_process(rusage) if rusage is not None else {}
    return merged(of_process, of_group)


def _of_process(rusage: struct_rusage) -> dict[str, float]:
    return {
        "cpu_seconds": rusage.ru_utime + rusage.ru_stime,
        "memory_peak": rusage.ru_maxrss * 1024,
        "bytes_read": rusage.ru_inblock * BLOCK,
        "bytes_written": rusage.ru_oublock * BLOCK,
    }


def merged(of_process: Mapping[str, float], of_group: Mapping[str, float]) -> dict[str, float]:
    """One account of two: the group's where it has one, and of what is transferred the larger."""
    found = {**of_process, **of_group}
    for column in ("bytes_read", "bytes_written"):
        if column in of_process and column in of_group:
            found[column] = max(of_process[column], of_group[column])
    return found
