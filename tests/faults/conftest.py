"""A site for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.site import CrashSite
from tests.faults.site import prepare


@pytest.fixture
def site(tmp_path: Path) -> Iterator[CrashSite]:
    made = CrashSite(tmp_path / "s")
    prepare(made)
    yield made
    made.close()
