"""The tables of settings say what the code does."""

from pathlib import Path

import pytest

from linod.policies import LINODS, POLICIES
from linod.settings.keys import DEFAULTS, HOST, KEYS
from linod.settings.model import HostSettings, Settings
from tests.docs.pages import ROOT, code, rows

PAGES = [ROOT / "README.md", ROOT / "docs" / "settings.md"]

DEPENDS = {"database", "time_zone", "daemon_user", "log_dir", "host.python"}
"""Settings whose default depends on the machine: the pages say it in words."""


def defaults() -> dict[str, object]:
    """The default of each key that has a fixed one."""
    host = {f"host.{name}": value for name, value in HostSettings._field_defaults.items()}
    found = Settings._field_defaults | host | {"use_channels": False}
    for name, value in zip(POLICIES, LINODS, strict=True):
        found[f"defaults.{name}" if name in DEFAULTS else name] = value
    return {key: value for key, value in found.items() if key in working() - DEPENDS}


def working() -> set[str]:
    """The keys, those of a table as `host.python`."""
    return set(KEYS) | {f"host.{key}" for key in HOST} | {f"defaults.{key}" for key in DEFAULTS}


def as_toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return str(list(value))
    if isinstance(value, str):
        return f'"{value}"'
    return f"{value:g}" if isinstance(value, float) else str(value) if isinstance(value, int) else f'"{value.name}"'  # type: ignore[attr-defined]


def described_by(page: Path) -> set[str]:
    """The README leaves `[defaults]` to the page of the settings."""
    return {key for key in working() if page.name != "README.md" or not key.startswith("defaults.")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_key_is_listed_and_no_other(page: Path) -> None:
    listed = [code(cells[0]) for cells in rows(page, "key") if len(cells) > 1]
    assert sorted(listed) == sorted(described_by(page))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_defaults_are_those_of_the_code(page: Path) -> None:
    column = 1 if page.name == "README.md" else 2
    shown = {code(cells[0]): cells[column] for cells in rows(page, "key") if len(cells) > 1}
    fixed = {key: as_toml(value) for key, value in defaults().items() if key in described_by(page)}
    assert {key: code(shown[key]) for key in fixed} == fixed
    assert working() == set(defaults()) | DEPENDS
