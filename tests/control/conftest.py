"""Fixtures of the control tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from linod.control.client import Client
from tests.control.daemon import Daemon
from tests.control.place import Place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A runtime directory, where no server runs yet."""
    place = Place(tmp_path)
    yield place
    place.close()


@pytest.fixture
def daemon(place: Place, tmp_path: Path) -> Iterator[Daemon]:
    """A daemon with a database of its own, whose socket is served."""
    daemon = Daemon(place, tmp_path)
    daemon.open()
    daemon.serve()
    yield daemon
    daemon.close()


@pytest.fixture
def client(daemon: Daemon) -> Iterator[Client]:
    """An open connection to it."""
    with daemon.place.client() as client:
        yield client
