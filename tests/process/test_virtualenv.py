"""A site whose code lives in a virtualenv of its own, with linod's base dependencies only; the daemon runs in ours."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

import linod
from tests.process.site import Site

BASE = ("peewee", "dateutil", "six")
"""What the site's side of linod imports beside the standard library; dateutil 2.8 needs six."""

PLUGIN = """
import sys

@background_task(every_unit="never")
def where(ar):
    ar.info("I run in %s", sys.prefix)
"""


@pytest.fixture
def base_python(tmp_path: Path) -> Path:
    """The interpreter of a new virtualenv that has linod and its pure-Python base, linked from this one."""
    directory = tmp_path / "env"
    venv.create(directory, symlinks=True, with_pip=False)
    python = directory / "bin" / "python"
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    target = Path(subprocess.check_output([python, "-c", ask], text=True).strip())
    (target / "linod").symlink_to(Path(linod.__file__).parent)
    for name in BASE:
        found = subprocess.run(
            [sys.executable, "-c", f"import {name}; print({name}.__file__)"], capture_output=True, text=True
        ).stdout.strip()
        if found:
            path = Path(found)
            source = path.parent if path.name == "__init__.py" else path
            (target / source.name).symlink_to(source)
    return python


def test_the_host_runs_in_the_virtualenv_of_the_site(site: Site, base_python: Path) -> None:
    for missing in ("typer", "sdnotify"):
        assert subprocess.run([base_python, "-c", f"import {missing}"], capture_output=True).returncode == 1
    site.host["python"] = str(base_python)
    site.plugin(PLUGIN)
    site.start()
    job = site.run_now("where")
    assert job["outcome"] == "succeeded"
    assert f"I run in {base_python.parent.parent}" in job["log"]
    assert site.status()["host"]["python"] == str(base_python)
    site.stop()


def test_an_interpreter_without_linod_is_a_configuration_error(site: Site, tmp_path: Path) -> None:
    directory = tmp_path / "bare"
    venv.create(directory, symlinks=True, with_pip=False)
    site.host["python"] = str(directory / "bin" / "python")
    site.plugin(PLUGIN)
    site.start(wait=False, PYTHONPATH="")
    assert site.wait_end() == 78
    assert "No module named 'linod" in site.log() and "-m pip install --upgrade linod" in site.log()
    assert os.fspath(directory) in site.log()
