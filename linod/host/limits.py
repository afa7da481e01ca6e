"""What limits a job, in its own process: its control group, or where there is none what the kernel limits a process by
(setrlimit(2))."""

import resource
import sys
from collections.abc import Mapping

from linod.cgroups import Group
from linod.host.kernel import virtual_bytes


def enter(group: Group | None) -> Group | None:
    """Move this process into its group. Returns None when that cannot be, which the job's log then says."""
    if group is None:
        return None
    try:
        group.enter()
    except OSError as error:
        group.remove()  # it would tell that this job has used nothing
        print(f"This job has no control group: {group.path}: {error.strerror}", file=sys.__stderr__, flush=True)
        return None
    return group


def limit(group: Group | None, limits: Mapping[str, int]) -> int:
    """Set the limits of a job, just before its procedure is called. Raises OSError.

    group    None when it has none. Then, or without a controller for it, `memory_max` limits what this process and each
             that it starts may add to its addresses; nothing limits the others.
    Returns  that memory_max, 0 when it is none or the group's.
    """
    missing = dict(limits) if group is None else group.limit(limits)
    if "memory_max" not in missing:
        return 0
    most = virtual_bytes() + missing["memory_max"]
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    return missing["memory_max"]
