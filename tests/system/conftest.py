"""The machine, and a site on it for each test. `python -m tests.system` starts this; pytest alone finds no test."""

import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.system import bases
from tests.system.container import Container
from tests.system.machine import Local, Mounted
from tests.system.results import SITE, note, pytest_runtest_logreport, pytest_runtest_makereport
from tests.system.site import Site

__all__ = ["note", "pytest_runtest_logreport", "pytest_runtest_makereport"]

WHERE = os.environ.get("LINOD_SYSTEM", "")
"""A release of `bases.RELEASES`; `local`: this machine; nothing: these tests are not wanted."""

collect_ignore_glob = [] if WHERE else ["test_*.py"]

if WHERE == "debian12" or (WHERE == "local" and not shutil.which("varlinkctl")):
    collect_ignore_glob.append("test_varlinkctl.py")  # systemd has it since 255

_numbers = count(1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On this machine itself run what needs nothing but the installed package."""
    if WHERE == "local":
        kept = [item for item in items if not {"fresh", "debs"} & set(getattr(item, "fixturenames", ()))]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


@pytest.fixture(scope="session")
def debs() -> dict[str, Path]:
    """The package, as `current` and as an `older` version."""
    place = Path(os.environ["LINOD_SYSTEM_DEBS"])
    return {name: next((place / name).glob("linod_*.deb")) for name in ("current", "older")}


def booted() -> Container:
    return Container(bases.base(WHERE))


def install(machine: Mounted, deb: Path) -> str:
    """Install a package file as an administrator does; what apt said."""
    place = f"/opt/{deb.name}"
    machine.path(place).write_bytes(deb.read_bytes())
    words = ["-y", "-q", "--no-install-recommends", "--allow-downgrades", "-o", "Dpkg::Options::=--force-confold"]
    done = machine.run("apt-get", "install", *words, place, timeout=120)
    return done.out + done.err


@pytest.fixture(scope="session")
def machine(request: pytest.FixtureRequest) -> Iterator[Mounted]:
    """The machine of all tests but those of the package's own life, with the package installed."""
    if WHERE == "local":
        yield Local()
        return
    container = booted()
    try:
        install(container, request.getfixturevalue("debs")["current"])
        yield container
    finally:
        container.close()


@pytest.fixture(scope="module")
def fresh() -> Iterator[Container]:
    """A machine of this module's own, without the package."""
    container = booted()
    yield container
    container.close()


@pytest.fixture
def site(machine: Mounted, request: pytest.FixtureRequest) -> Iterator[Site]:
    made = Site(machine, f"t{next(_numbers)}")
    made.machine.run("systemctl", "start", made.socket)
    request.node.stash[SITE] = made
    yield made
    made.remove()
