"""What `make demo` runs, as a stranger sees it."""

import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.demo.terminal import DEADLINE, Terminal

DEMO = Path(__file__).parents[2] / "packaging" / "demo"
RUNS = "Start task runner using <Logger lino (INFO)>..."
CHECKED = "WARNING: Terminated System task #4 (checkdata) with warning 10 data problems"

Start = Callable[..., Terminal]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts demos in a directory of their own, and ends those that are left."""
    running: list[Terminal] = []

    def start(*command: str | Path, tty: bool = False, **environ: str) -> Terminal:
        full = {key: text for key, text in os.environ.items() if not key.startswith(("LINO", "DEMO"))} | environ
        if "LINOD_TEST_RUN" in os.environ:
            full["LINOD_TEST_RUN"] = os.environ["LINOD_TEST_RUN"]
        running.append(Terminal(command or (DEMO, tmp_path / "demo"), full, tty=tty))
        return running[-1]

    yield start
    for terminal in running:
        terminal.close()


def printed_line(text: str) -> str:
    """The line to type in a second terminal."""
    return next(line.strip() for line in text.splitlines() if "/linod-ctl run-now checkdata --wait" in line)


def test_with_demo_seconds_it_shows_the_table_and_a_run_and_ends_by_itself(start: Start, tmp_path: Path) -> None:
    demo = start(DEMO_SECONDS="4")
    assert demo.wait_end() == 0, demo.text

    assert "Run 1 data checkers on 110 Vouchers...\n" in demo.text
    assert "\n$ linod-ctl run-now checkdata --wait\n" in demo.text
    table = demo.text.partition("$ linod-ctl list\n")[2]
    for line in ("3     checksummaries ", "4     checkdata ", "7     send_pending_emails_often", "10    read_inbox "):
        assert f"\n {line}" in table
    assert "Scheduled to run at " in next(line for line in table.splitlines() if "Make Sales invoices (SLS)" in line)
    assert demo.text.endswith("Done\n")
    assert list((tmp_path / "demo" / "run").iterdir()) == []
    assert len(list((tmp_path / "demo" / "data" / "Maildir" / "new").iterdir())) >= 1


def test_the_printed_line_works_in_any_directory_and_ctrl_c_ends_with_done(start: Start) -> None:
    demo = start()
    demo.wait_for(RUNS + "\n")
    demo.wait_for("Run 1 data checkers on 110 Vouchers...\n")
    demo.wait_for(CHECKED)
    typed = subprocess.run(
        printed_line(demo.text), shell=True, cwd="/", env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True
    )
    assert (typed.returncode, typed.stderr) == (0, "")
    assert "10 data problems" in typed.stdout

    demo.signal_group(signal.SIGINT)
    assert demo.wait_end() == 0, demo.text
    assert demo.text.count("Done\n") == 2  # that of `linod prep`, and the last line
    assert demo.text.endswith("Done\n")


def test_ctrl_c_in_a_terminal_is_no_error_for_make(start: Start, tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text(f"demo:\n\t@{shlex.join([str(DEMO), str(tmp_path / 'demo')])}\n")
    demo = start("make", "-f", tmp_path / "Makefile", "demo", tty=True)
    demo.wait_for(CHECKED)
    demo.type("\x03")
    assert demo.wait_end() == 0, demo.text
    assert "***" not in demo.text
    assert demo.text.endswith("Done\n")


def test_sigterm_ends_it_as_well(start: Start) -> None:
    demo = start()
    demo.wait_for(CHECKED)
    demo.process.terminate()
    assert demo.wait_end() == 0
    assert demo.text.endswith("Done\n")


def test_it_prepares_the_site_anew(start: Start) -> None:
    assert start(DEMO_SECONDS="0").wait_end() == 0
    again = start(DEMO_SECONDS="0")
    assert again.wait_end() == 0
    assert "Installed System task #3 (checksummaries)" in again.text
    assert "Rebuilt the totals of all journals, 42 of them changed." in again.text


def test_a_second_demo_of_the_same_directory_is_refused_and_the_first_goes_on(start: Start) -> None:
    first = start()
    first.wait_for(CHECKED)
    second = start()
    assert second.wait_end() == 1
    assert second.text.startswith("A demo of this clone is running (process ")
    typed = subprocess.run(printed_line(first.text), shell=True, capture_output=True, timeout=DEADLINE)
    assert typed.returncode == 0


def test_a_linod_whose_script_was_killed_still_counts_as_a_demo(start: Start) -> None:
    first = start()
    first.wait_for(CHECKED)
    first.process.kill()
    refused = start()
    assert refused.wait_end() == 1
    os.kill(_pid_in(refused.text), signal.SIGTERM)  # as the text says
    first.wait_end()
    assert first.text.endswith("Done\n")
    assert start(DEMO_SECONDS="0").wait_end() == 0


def _pid_in(text: str) -> int:
    return int(text.rpartition("kill ")[2])


def test_a_deep_clone_has_its_socket_elsewhere(start: Start, tmp_path: Path) -> None:
    place = tmp_path / ("d" * 100)
    scratch = tmp_path / "t"
    scratch.mkdir()
    demo = start(DEMO, place, DEMO_SECONDS="0", TMPDIR=str(scratch))
    assert demo.wait_end() == 0, demo.text
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("seconds", ["soon", "-1", "nan"])
def test_demo_seconds_is_a_number(start: Start, seconds: str) -> None:
    demo = start(DEMO_SECONDS=seconds)
    assert demo.wait_end() == 1
    assert demo.text == f"DEMO_SECONDS is how many seconds the demo shall run, not {seconds!r}\n"
