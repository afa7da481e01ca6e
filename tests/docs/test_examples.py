"""What the documentation shows is run, or compared with the file it comes from."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, blocks

FIRST = ROOT / "docs" / "first-plugin.md"
BIN = Path(sys.executable).parent


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A directory with the files that the page about the first plugin tells to write."""
    for block in blocks(FIRST):
        if "/" not in block.file:
            (tmp_path / block.file).write_text(block.text)
    return tmp_path


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "HOME": str(cwd / "home"), "STATE_DIRECTORY": str(cwd / "state")}
    environ["RUNTIME_DIRECTORY"] = str(cwd / "run")
    return subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_without_a_file_name_run_in_their_order(page: Path) -> None:
    program = "\n".join(block.text for block in blocks(page, "python") if not block.file)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_blocks_of_the_demo_stand_in_its_files() -> None:
    quoted = [block for page in PAGES for block in blocks(page) if "/" in block.file]
    assert len(quoted) >= 5
    for block in quoted:
        assert block.text in (ROOT / block.file).read_text(), f"{block.file} has no longer\n{block.text}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_that_are_shown_are_toml(page: Path) -> None:
    for block in blocks(page, "toml"):
        tomllib.loads(block.text)


def test_the_first_plugin_passes_its_own_test(shop: Path) -> None:
    done = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_shop.py", cwd=shop)
    assert done.returncode == 0, done.stdout


def test_the_first_plugin_passes_linod_check_and_creates_nothing(shop: Path) -> None:
    done = run(BIN / "linod", "--settings", "./linod.toml", "check", cwd=shop)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (shop / "state").exists()


def test_the_first_plugin_runs(shop: Path) -> None:
    done = run(BIN / "linod", "--settings", "./linod.toml", "prep", cwd=shop)
    assert done.returncode == 0, done.stderr
    assert "WARNING: plums: sold out\n3 kinds of fruit counted.\n" in done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_commands_that_are_shown_exist() -> None:
    """`linod-ctl WORD` in any page is a command of linod-ctl."""
    known = run(BIN / "linod-ctl", "--help", cwd=ROOT).stdout
    for page in PAGES:
        for command in re.findall(r"(?m)(?:^ {4}|`)linod-ctl(?: --site [A-Z_]+)? ([a-z][a-z-]+)", page.read_text()):
            assert re.search(rf"^ +{command} ", known, re.MULTILINE), f"{page.name}: linod-ctl {command}"
