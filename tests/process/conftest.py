"""One site a test, its processes ended with it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "s")
    yield made
    made.close()
