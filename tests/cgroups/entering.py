"""Control groups of the machine's, delegated as systemd would do it, and processes that begin in one."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from linod.cgroups.group import Group
from linod.cgroups.groups import MOUNTS

PREFIX = "linod-test-"


def unified() -> Path | None:
    """Where the unified hierarchy is in which this process can make groups; None without one."""
    mount = next((Path(mount) for mount in MOUNTS if Path(mount, "cgroup.procs").exists()), None)
    return mount if os.geteuid() == 0 else None


@contextmanager
def delegated(mount: Path) -> Iterator[Path]:
    """A group for the time of the block; what lives in it at the end is killed. It has the machine's controllers."""
    made = mount / f"{PREFIX}{uuid4().hex[:12]}"
    made.mkdir()
    os.setxattr(made, "user.delegate", b"1")
    try:
        yield made
    finally:
        group = Group(str(made))
        group.kill()
        assert group.wait_until_empty(10.0)
        assert group.remove()


def into(group: Path) -> Callable[[], None]:
    """For `preexec_fn` of a Popen."""

    def enter() -> None:
        (group / "cgroup.procs").write_text("0")

    return enter
