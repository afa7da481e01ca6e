"""Processes that begin in a control group, as those do that systemd starts."""

from collections.abc import Callable
from pathlib import Path


def into(group: Path) -> Callable[[], None]:
    """For `preexec_fn` of a Popen."""

    def enter() -> None:
        (group / "cgroup.procs").write_text("0")

    return enter
