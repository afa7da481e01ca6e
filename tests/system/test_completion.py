"""TAB in an interactive bash on the machine."""

from collections.abc import Iterator

import pytest

from tests.system.machine import Machine
from tests.system.site import Site
from tests.system.terminal import Terminal


@pytest.fixture
def terminal(machine: Machine) -> Iterator[Terminal]:
    made = Terminal(machine)
    yield made
    made.close()


def test_tab_completes_commands_and_the_names_of_tasks(site: Site, terminal: Terminal) -> None:
    site.start()
    terminal.type(f"linod-ctl --site {site.name} run-n\t")
    terminal.wait_for("run-now ")
    terminal.type("tries_w\t")
    terminal.wait_for("tries_what_is_forbidden ")
    terminal.type("\x15linod-ctl sta\t")
    terminal.wait_for("status ")


def test_tab_does_not_start_a_stopped_daemon(site: Site, terminal: Terminal) -> None:
    site.start()
    site.stop()
    terminal.type(f"linod-ctl --site {site.name} run-now tries_w\t\t")
    terminal.type("\x15echo end''ed\n")
    terminal.wait_for("ended")
    assert not site.is_active()
