"""A control group of the machine's, delegated to the test as systemd would do it."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from linod.cgroups.group import Group
from linod.cgroups.groups import MOUNTS

PREFIX = "linod-test-"


@pytest.fixture
def place() -> Iterator[Path]:
    """A group of the test's own; whatever lives in it at the end is killed. It has the machine's controllers."""
    mount = next((Path(mount) for mount in MOUNTS if Path(mount, "cgroup.procs").exists()), None)
    if os.geteuid() != 0 or mount is None:
        pytest.skip("needs root, and a machine with a unified hierarchy of control groups")
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
