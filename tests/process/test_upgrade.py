"""`linod check` tells what a start would do to the tables of an older linod, and the start does it."""

from pathlib import Path

import pytest

from linod.migrations import LATEST
from tests.process.site import Site

ROOT = Path(__file__).parents[2]

NEWER = """
import linod.migrations

linod.migrations.LATEST += 1
linod.migrations.STEPS[linod.migrations.LATEST] = "tests.store.next_step"
"""
"""Makes a program one that knows one more step, as sitecustomize of its interpreter."""

PLUGIN = """
@background_task(every_unit="never")
def greet(ar):
    pass
"""


@pytest.fixture
def newer(tmp_path: Path) -> str:
    """PYTHONPATH of a newer linod."""
    (tmp_path / "newer").mkdir()
    (tmp_path / "newer" / "sitecustomize.py").write_text(NEWER)
    return f"{tmp_path / 'newer'}:{ROOT}"


def test_check_announces_the_migration_and_the_start_makes_it(site: Site, newer: str) -> None:
    site.plugin(PLUGIN)
    assert site.linod("prep").returncode == 0
    before = sorted(path.name for path in site.state.iterdir())

    announced = site.linod("check", PYTHONPATH=newer)
    text = f"has tables of version {LATEST}; the next start keeps a copy of it and brings them to version {LATEST + 1}"
    assert announced.returncode == 0, announced.stdout + announced.stderr
    assert f"Database: {site.state / 'linod.sqlite'} {text}\n" in announced.stdout
    assert sorted(path.name for path in site.state.iterdir()) == before

    site.start(PYTHONPATH=newer)
    assert site.run_now("greet")["outcome"] == "succeeded"
    assert site.stop() == 0
    copy = site.state / f"linod.sqlite.version-{LATEST}"
    assert copy.exists() and f"{copy} is as it was" in site.log()
    assert "1 tasks" in site.linod("check", PYTHONPATH=newer).stdout

    for command in ("check", "prep"):
        refused = site.linod(command)
        assert refused.returncode == 78
        assert f"put back {copy}" in refused.stdout + refused.stderr
