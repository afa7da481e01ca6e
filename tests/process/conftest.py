"""One site a test, its processes ended with it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process import everybody
from tests.process.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "s")
    yield made
    made.close()


@pytest.fixture
def open_site() -> Iterator[Site]:
    """One in a directory that every user may search, as pytest's own are not."""
    place = Path(tempfile.mkdtemp(dir="/tmp"))
    place.chmod(0o755)
    made = everybody.open_site(place)
    yield made
    made.close()
    shutil.rmtree(place)
