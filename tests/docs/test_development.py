"""The page for those who carry on the work names all modules in their layers, and all directories of tests."""

import re

from tests.docs.pages import ROOT, rows
from tests.test_layers import GROUPS, package_of, python_files

PAGE = ROOT / "docs" / "development.md"


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_layers_are_those_of_the_test() -> None:
    table = rows(PAGE, "group")
    assert [cells[0] for cells in table] == ["ground", "words", "rules", "edges", "loop", "doors"]
    assert [set(names(cells[1])) for cells in table] == GROUPS
    assert set().union(*GROUPS) >= {package_of(path) for path in python_files()} - {"__init__"}


def test_every_directory_of_tests_is_named() -> None:
    named = {name.removeprefix("tests/") for cells in rows(PAGE, "directory") for name in names(cells[0])}
    there = {path.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").glob("*/*.py")}
    assert named == there


def test_what_a_change_begins_with_exists() -> None:
    for cells in rows(PAGE, "to change"):
        for name in [*names(cells[1]), *names(cells[2])]:
            if re.fullmatch(r"[\w./-]+", name):
                places = [ROOT / name, ROOT / "linod" / name, ROOT / "linod" / f"{name}.py"]
                assert any(place.exists() for place in places), name
