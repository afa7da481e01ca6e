"""A control group of the machine's for the time of a test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cgroups.entering import delegated, unified


@pytest.fixture
def place() -> Iterator[Path]:
    """A group of the test's own; whatever lives in it at the end is killed. It has the machine's controllers."""
    mount = unified()
    if mount is None:
        pytest.skip("needs root, and a machine with a unified hierarchy of control groups")
    with delegated(mount) as made:
        yield made
