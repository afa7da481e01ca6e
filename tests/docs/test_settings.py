"""The tables of settings say what the code does."""

from pathlib import Path

import pytest

from linod.settings.keys import HOST, KEYS, not_yet
from linod.settings.model import HostSettings, Settings
from tests.docs.pages import ROOT, code, rows

PAGES = [ROOT / "README.md", ROOT / "docs" / "settings.md"]

DEPENDS = {"database", "time_zone", "daemon_user", "log_dir", "host.python"}
"""Settings whose default depends on the machine: the pages say it in words."""


def defaults() -> dict[str, object]:
    """The default of each key that has a fixed one."""
    host = {f"host.{name}": value for name, value in HostSettings._field_defaults.items()}
    return {key: value for key, value in (Settings._field_defaults | host).items() if key in working() - DEPENDS} | {
        "use_channels": False
    }


def working() -> set[str]:
    """The keys that something acts on, those of a table as `host.python`."""
    return {key for key, parse in KEYS.items() if parse is not not_yet} | {f"host.{key}" for key in HOST}


def as_toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return str(list(value))
    return f"{value:g}" if isinstance(value, float) else str(value) if isinstance(value, int) else f'"{value.name}"'  # type: ignore[attr-defined]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_key_is_listed_and_no_other(page: Path) -> None:
    listed = [code(cells[0]) for cells in rows(page, "key") if len(cells) > 1]
    assert sorted(listed) == sorted(working())


def test_keys_that_are_not_available_yet_are_listed_as_such() -> None:
    listed = {code(cells[0]) for cells in rows(PAGES[1], "key") if len(cells) == 1}
    assert listed == {key for key, parse in KEYS.items() if parse is not_yet}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_defaults_are_those_of_the_code(page: Path) -> None:
    column = 1 if page.name == "README.md" else 2
    shown = {code(cells[0]): cells[column] for cells in rows(page, "key") if len(cells) > 1}
    assert {key: code(shown[key]) for key in defaults()} == {key: as_toml(value) for key, value in defaults().items()}
    assert working() == set(defaults()) | DEPENDS
