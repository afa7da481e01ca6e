"""The page about linod is run: its Python session in a new interpreter, and what it types in terminals."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.docs.terminals import Screen, Stage, pattern, screens

PAGE = ROOT / "docs" / "linod.rst"
BIN = Path(sys.executable).parent
DEADLINE = 60


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Of a user who has no site yet."""
    kept = {key: os.environ[key] for key in ("LINOD_TEST_RUN",) if key in os.environ}
    return kept | {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(tmp_path), "TZ": "UTC", "COLUMNS": "80"}


@pytest.fixture
def stage(tmp_path: Path, environ: dict[str, str]) -> Iterator[Stage]:
    stage = Stage(tmp_path, environ)
    yield stage
    stage.close()


def doctest(page: Path, directory: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    own = {"STATE_DIRECTORY": "state", "RUNTIME_DIRECTORY": "run", "LINOD_DEMO_DIR": "data"}
    full = environ | {key: str(directory / name) for key, name in own.items()}
    command = [sys.executable, "-m", "doctest", "-o", "REPORT_UDIFF", str(page)]
    return subprocess.run(command, cwd=directory, env=full, capture_output=True, text=True, timeout=DEADLINE)


def test_the_session_prints_what_the_page_shows(tmp_path: Path, environ: dict[str, str]) -> None:
    done = doctest(PAGE, tmp_path, environ)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_page_that_is_not_true_is_noticed(tmp_path: Path, environ: dict[str, str]) -> None:
    wrong = tmp_path / "wrong.rst"
    wrong.write_text(PAGE.read_text().replace("every=300, every_unit=secondly", "every=301, every_unit=secondly", 1))
    done = doctest(wrong, tmp_path, environ)
    assert done.returncode == 1
    assert "+ event_notification_scheduler" in re.sub(" +", " ", done.stdout)


def test_the_session_ends_by_looking_whether_it_changed_anything() -> None:
    assert PAGE.read_text().endswith("\n>>> dbhash.check_virgin()\n")


def test_what_is_typed_in_terminals_shows_what_the_page_shows(stage: Stage) -> None:
    found = list(screens(PAGE.read_text()))
    assert {screen.terminal for screen in found} == {"Terminal 1", "Terminal 2", "Terminal 3"}
    assert sum(line.startswith("$ ") for screen in found for line in screen.lines) >= 5
    for screen in found:
        stage.play(screen)
    stage.end()


def test_what_a_terminal_does_not_show_is_noticed(stage: Stage) -> None:
    stage.play(Screen("Terminal 1", ("$ linod --settings linod.demo.chatter prep", "Start task runner ...")))
    with pytest.raises(AssertionError, match="ended without"):
        stage.play(Screen("Terminal 1", ("Undone",)))


def test_dots_stand_for_lines_and_for_text_but_not_where_linod_prints_them() -> None:
    assert re.fullmatch(pattern(["a ... c", "...", "loads..."]), "a b b c\nd\ne\nloads...\n")
    assert re.fullmatch(pattern(["a ... c", "...", "loads..."]), "a b b c\nloads...\n")
    assert not re.fullmatch(pattern(["loads..."]), "loads more\n")
    assert not re.fullmatch(pattern(["a", "c"]), "a\nb\nc\n")


def test_code_that_is_quoted_stands_in_its_file() -> None:
    quoted = re.findall(r"(?m)^\.\. code-block:: python\n   :caption: (\S+)\n\n((?:   .*\n|\n)+)", PAGE.read_text())
    assert quoted
    for file, body in quoted:
        text = re.sub(r"(?m)^   ", "", body).rstrip("\n") + "\n"
        assert text in (ROOT / file).read_text(), f"{file} has no longer\n{text}"
