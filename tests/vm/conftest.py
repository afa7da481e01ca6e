"""One machine, booted once; each test finds it as it was when its tasks had just run for the first time.

`python -m tests.vm` starts this; pytest alone finds no test.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.system.machine import DEADLINE
from tests.system.results import SITE, note, pytest_runtest_logreport, pytest_runtest_makereport
from tests.system.site import Site
from tests.vm.checks import SECONDS
from tests.vm.diary import Diary
from tests.vm.image import Image
from tests.vm.machine import VirtualMachine

__all__ = ["note", "pytest_runtest_logreport", "pytest_runtest_makereport"]

IMAGE = os.environ.get("LINOD_VM", "")
"""The directory of the image to boot; nothing: these tests are not wanted."""

collect_ignore_glob = [] if IMAGE else ["test_*.py"]

PLUGIN = Path(__file__).parent / "programs" / "clock_plugin.py"

START = datetime(2027, 3, 10, 3, 30, tzinfo=UTC)
"""When each test begins: half an hour before the slots of the plugin's calendar tasks."""

POLL = 600
"""Seconds, the site's `background_sleep_time`: longer than a test waits, so that only linod's noticing helps."""


@pytest.fixture(scope="session")
def first() -> Iterator[Site]:
    """The site as every test finds it; the machine's state with it is saved."""
    machine = VirtualMachine(Image.at(Path(IMAGE)), START)
    try:
        site = Site(machine, plugin=PLUGIN)
        site.stop()
        machine.set_clock(START)
        site.configure(background_sleep_time=POLL)
        site.drop_in(f"WatchdogSec={DEADLINE:.0f}s")
        site.start()
        diary = Diary(site)
        diary.wait(
            lambda jobs: {one.task for one in jobs} >= SECONDS.keys(), "the first jobs of tasks with an interval"
        )
        diary.close()
        machine.save()
        yield site
    finally:
        machine.close()


@pytest.fixture
def machine(first: Site) -> VirtualMachine:
    machine = first.machine
    assert isinstance(machine, VirtualMachine)
    machine.restore()
    return machine


@pytest.fixture
def site(machine: VirtualMachine, first: Site, request: pytest.FixtureRequest) -> Site:
    request.node.stash[SITE] = first
    return first


@pytest.fixture
def diary(site: Site) -> Iterator[Diary]:
    opened = Diary(site)
    yield opened
    opened.close()
