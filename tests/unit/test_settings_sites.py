"""Which site is meant, and where its state and its socket are."""

import subprocess
import sys
from pathlib import Path

import pytest

from linod.errors import ConfigurationError
from linod.settings.sites import control_path, named_site, runtime_dir, state_dir

ROOT, ANNA = 0, 1000
HOME = {"HOME": "/home/anna"}
SESSION = HOME | {"XDG_RUNTIME_DIR": "/run/user/1000"}


def test_root_has_the_directories_of_the_system() -> None:
    assert state_dir("shop", {}, ROOT) == Path("/var/lib/linod/shop")
    assert runtime_dir("shop", {}, ROOT) == Path("/run/linod/shop")


def test_a_user_has_those_of_the_xdg_specification() -> None:
    assert state_dir("linod", SESSION, ANNA) == Path("/home/anna/.local/state/linod/linod")
    assert state_dir("linod", SESSION | {"XDG_STATE_HOME": "/x"}, ANNA) == Path("/x/linod/linod")
    assert runtime_dir("linod", SESSION, ANNA) == Path("/run/user/1000/linod/linod")


def test_a_relative_path_in_an_xdg_variable_is_ignored() -> None:
    assert state_dir("linod", HOME | {"XDG_STATE_HOME": "x"}, ANNA) == Path("/home/anna/.local/state/linod/linod")


def test_a_session_without_a_runtime_directory_has_the_socket_beside_its_state() -> None:
    assert runtime_dir("linod", HOME, ANNA) == Path("/home/anna/.local/state/linod/linod/run")


def test_systemds_directories_win_and_the_first_of_a_list_counts() -> None:
    unit = {"STATE_DIRECTORY": "/var/lib/linod/a:/var/lib/b", "RUNTIME_DIRECTORY": "/run/linod/a:/run/b"}

    assert state_dir("linod", unit, ROOT) == Path("/var/lib/linod/a")
    assert runtime_dir("linod", unit, ROOT) == Path("/run/linod/a")


def test_a_local_site_has_everything_below_its_directory() -> None:
    local = Path("/home/anna/shop/linod.toml")

    assert state_dir("shop", SESSION, ANNA, local) == Path("/home/anna/shop/.linod")
    assert runtime_dir("shop", SESSION, ANNA, local) == Path("/home/anna/shop/.linod/run")


def test_the_option_names_the_site_before_the_variable() -> None:
    assert named_site("shop", {"LINOD_SITE": "bank"}) == "shop"
    assert named_site(None, {"LINOD_SITE": "bank"}) == "bank"
    assert named_site(None, {"LINOD_SITE": ""}) is None


@pytest.mark.parametrize("name", ["", "a/b", "..", ".shop", "-shop", "a b", "caffè", "a\0"])
def test_a_name_that_is_no_part_of_a_path_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"--site: .* cannot name a site"):
        named_site(name, {})


def test_linod_ctl_looks_in_the_users_own_directories_then_in_the_systems(tmp_path: Path) -> None:
    assert control_path(None, SESSION, cwd=tmp_path, uid=ANNA) == [
        Path("/run/user/1000/linod/linod/control"),
        Path("/home/anna/.local/state/linod/linod/run/control"),
        Path("/run/linod/linod/control"),
    ]


def test_linod_ctl_of_root_looks_in_the_systems_only(tmp_path: Path) -> None:
    assert control_path("shop", SESSION, cwd=tmp_path, uid=ROOT) == [Path("/run/linod/shop/control")]


def test_linod_control_alone_decides(tmp_path: Path) -> None:
    assert control_path("shop", {"LINOD_CONTROL": "/x/control"}, cwd=tmp_path, uid=ANNA) == [Path("/x/control")]


def test_in_the_directory_of_a_local_site_linod_ctl_means_that_one(tmp_path: Path) -> None:
    (tmp_path / "linod.toml").touch()

    assert control_path(None, SESSION, cwd=tmp_path, uid=ANNA) == [tmp_path / ".linod" / "run" / "control"]


@pytest.mark.parametrize(
    ("site", "environ", "uid"), [("linod", {}, ANNA), (None, {"LINOD_SITE": "linod"}, ANNA), (None, {}, ROOT)]
)
def test_unless_a_site_is_named_or_root_asks(
    tmp_path: Path, site: str | None, environ: dict[str, str], uid: int
) -> None:
    (tmp_path / "linod.toml").touch()

    assert control_path(site, HOME | environ, cwd=tmp_path, uid=uid)[-1] == Path("/run/linod/linod/control")


def test_daemon_and_linod_ctl_agree(tmp_path: Path) -> None:
    for environ in (HOME, SESSION):
        assert runtime_dir("shop", environ, ANNA) / "control" in control_path("shop", environ, cwd=tmp_path, uid=ANNA)


def test_asking_for_the_socket_imports_nothing_heavy() -> None:
    heavy = "tomllib dataclasses logging zoneinfo peewee typer inspect"
    code = f"import sys; from linod.settings import control_path; print(*set('{heavy}'.split()) & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []
