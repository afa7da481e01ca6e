"""What `import linod` offers, and what it costs."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import linod
from linod import dd


def test_the_public_names_are_there() -> None:
    assert all(getattr(linod, name) is not None for name in linod.__all__)
    assert set(linod.__all__) <= set(dir(linod))
    assert dd.schedule_daily is linod.schedule_daily


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="schedule_weekly"):
        _ = linod.schedule_weekly


def test_importing_the_package_loads_nothing_else() -> None:
    program = "import sys; before = set(sys.modules); import linod; print(*set(sys.modules) - before)"
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(_root())!r}); {program}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert run.stdout.split() == ["linod"]


def test_registering_loads_neither_database_nor_zones_nor_asyncio() -> None:
    program = "import sys; from linod import BaseRequest, background_task; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=_root())

    assert not {"peewee", "zoneinfo", "asyncio", "dateutil"} & set(run.stdout.split())


def test_the_version_is_that_of_the_distribution() -> None:
    project = tomllib.loads((_root() / "pyproject.toml").read_text())["project"]

    assert project.get("version", linod.__version__) == linod.__version__


def _root() -> Path:
    return Path(linod.__file__).parent.parent
