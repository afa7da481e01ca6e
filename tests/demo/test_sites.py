"""The two smaller sites of Lino's page, run as the page does."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.demo.terminal import Terminal
from tests.process.site import BIN

Start = Callable[..., Terminal]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts linod for a site of the demo, in a directory of the test."""
    running: list[Terminal] = []

    def start(site: str, *words: str, **environ: str) -> Terminal:
        kept = {key: text for key, text in os.environ.items() if not key.startswith(("LINO", "NOTIFY_"))}
        own = {"STATE_DIRECTORY": tmp_path / "state", "RUNTIME_DIRECTORY": tmp_path / "run", "LINOD_DEMO_DIR": tmp_path}
        full = kept | {key: str(path) for key, path in own.items()} | environ
        running.append(Terminal([BIN / "linod", "--settings", site, *words], full))
        return running[-1]

    yield start
    for terminal in running:
        terminal.close()


def test_session_2_of_the_page(start: Start) -> None:
    """`LINO_LOGLEVEL=debug linod`, when both tasks of cms have run today, and Ctrl-C."""
    prepared = start("linod.demo.cms", "prep")
    assert prepared.wait_end() == 0, prepared.text

    linod = start("linod.demo.cms", LINO_LOGLEVEL="debug")
    linod.wait_for("seconds.\n")
    linod.signal_group(signal.SIGINT)
    assert linod.wait_end() == 0
    assert re.match(
        r"Start task runner using <Logger lino \(DEBUG\)>\.\.\.\n"
        r"Start next task runner loop\.\n"
        r"Too early to start System task #1 \(update_publisher_pages\)\n"
        r"Too early to start System task #2 \(checkdata\)\n"
        r"Let task runner sleep for [45]\.\d{6} seconds\.\n",
        linod.text,
    ), linod.text
    assert linod.text.endswith("Done\n")


def test_a_site_without_tasks_says_so_sleeps_and_stops(start: Start) -> None:
    linod = start("linod.demo.chatter", LINO_LOGLEVEL="debug")
    linod.wait_for("Let task runner sleep for ")
    linod.wait_for("seconds.\n")
    linod.signal_group(signal.SIGINT)
    assert linod.wait_end() == 0

    lines = linod.text.splitlines()
    assert lines[:3] == [
        "Start task runner using <Logger lino (DEBUG)>...",
        "Start next task runner loop.",
        "There are no tasks to run.",
    ]
    assert lines.count("There are no tasks to run.") == 1
    assert lines[-1] == "Done"


def test_a_site_with_tasks_does_not_say_that_it_has_none(start: Start) -> None:
    linod = start("linod.demo.cms", LINO_LOGLEVEL="debug")
    linod.wait_for("with warning 1 data problems")
    linod.signal_group(signal.SIGINT)
    assert linod.wait_end() == 0
    assert "no tasks" not in linod.text
