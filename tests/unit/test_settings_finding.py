"""Which files configure the site, and how they are merged."""

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path

import pytest

from tests.unit.settings_computer import Computer


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    return Computer(tmp_path)


def test_drop_ins_are_merged_in_the_order_of_their_names(computer: Computer) -> None:
    computer.write("etc/linod.toml", "max_jobs = 1", 'plugins = ["a"]', "[host]", "load_timeout = 1", 'path = ["a"]')
    computer.write("etc/linod.toml.d/20.toml", "max_jobs = 3")
    computer.write("etc/linod.toml.d/10.toml", "max_jobs = 2", 'plugins = ["b"]', "[host]", "load_timeout = 2")
    computer.write("etc/linod.toml.d/.30.toml", "max_jobs = 4")
    computer.write("etc/linod.toml.d/30.toml.bak", "max_jobs = 5")

    settings = computer.load()

    assert (settings.max_jobs, settings.plugins, settings.host.load_timeout) == (3, ("b",), 2)
    assert settings.host.path == (str(computer.base / "etc" / "a"),)


def test_a_problem_in_a_drop_in_names_the_drop_in(computer: Computer) -> None:
    computer.write("etc/linod.toml", "max_jobs = 1")
    file = computer.write("etc/linod.toml.d/a.toml", "# mine", "max_jobs = 0")

    assert computer.refused().startswith(f"{file}:2: max_jobs")


def test_the_administrators_file_replaces_the_vendors_and_drop_ins_change_either(computer: Computer) -> None:
    computer.write("vendor/shop.toml", "max_jobs = 7", "stop_timeout = 7")
    computer.write("etc/shop.toml.d/a.toml", "stop_timeout = 8")
    vendors = computer.load(site="shop")
    computer.write("etc/shop.toml", "max_jobs = 6")
    own = computer.load(site="shop")

    assert (vendors.max_jobs, vendors.stop_timeout) == (7, 8)
    assert (own.max_jobs, own.stop_timeout) == (6, 8)


def test_an_unknown_site_is_refused_and_a_near_one_named(computer: Computer) -> None:
    computer.write("etc/shop.toml")

    missing = computer.base / "etc" / "shap.toml"
    assert computer.refused(site="shap") == (
        f"--site: unknown site 'shap'; there is no {missing}; did you mean 'shop'?"
    )
    computer.environ["LINOD_SITE"] = "xyzzy"
    assert computer.refused().startswith("LINOD_SITE: unknown site 'xyzzy'")
    assert "cannot name a site" in computer.refused(site="../shop")


def test_a_link_that_leads_nowhere_is_an_error_not_a_missing_file(computer: Computer) -> None:
    link = computer.directory("etc") / "linod.toml"
    link.symlink_to("gone.toml")

    assert computer.refused() == f"{link}: there is no such file"


def test_linod_toml_of_the_current_directory_is_used(computer: Computer) -> None:
    file = computer.write("home/linod.toml", "max_jobs = 9", 'database = "sqlite:///data/tasks.sqlite"')

    settings = computer.load()

    assert (settings.site, settings.file, settings.max_jobs) == ("home", file, 9)
    assert settings.state_dir == computer.home / ".linod"
    assert settings.runtime_dir == computer.home / ".linod" / "run"
    assert settings.database_file == computer.home / "data" / "tasks.sqlite"


def test_but_never_by_root_and_that_is_said(computer: Computer) -> None:
    computer.write("home/linod.toml", "max_jobs = 9")
    computer.uid = 0

    settings = computer.load()

    assert (settings.file, settings.max_jobs) == (None, 4)
    assert "is not used: root never reads ./linod.toml" in settings.warnings[0]


def test_a_named_site_goes_before_it(computer: Computer) -> None:
    computer.write("home/linod.toml", "max_jobs = 9")

    assert computer.load(site="linod").max_jobs == 4


def test_settings_takes_a_file_relative_to_the_current_directory(computer: Computer) -> None:
    file = computer.write("home/conf/shop.toml", "max_jobs = 9")
    computer.environ["LINOD_SITE"] = "bank"

    settings = computer.load("conf/shop.toml")

    assert (settings.site, settings.file, settings.max_jobs) == ("shop", file, 9)  # and not on the state of the bank
    assert computer.load(file, site="test").state_dir == computer.home / ".local" / "state" / "linod" / "test"


def test_a_linod_toml_is_for_the_site_that_its_directory_names(computer: Computer) -> None:
    assert computer.load(computer.write("shop/linod.toml")).site == "shop"
    computer.write("linod.toml")
    assert computer.load("../linod.toml").site == computer.base.name


def test_a_file_from_elsewhere_never_runs_on_the_state_of_the_system(computer: Computer) -> None:
    computer.uid = 0
    clone = computer.write("src/linod/linod.toml")
    own = computer.write("etc/linod.toml")

    assert "this would run on the state of the site 'linod'; give it a name with --site" in computer.refused(clone)
    assert computer.load(own).site == "linod"
    assert computer.load(clone, site="demo").state_dir == Path("/var/lib/linod/demo")


def test_a_settings_file_that_is_not_there_is_refused(computer: Computer) -> None:
    assert computer.refused("shop.toml") == "--settings shop.toml: there is no such file"
    name = "x" * 300 + ".toml"
    assert computer.refused(name) == f"--settings {name}: cannot be read: File name too long"
    directory = computer.directory("home/conf")
    assert computer.refused("./conf") == f"--settings ./conf: a directory; did you mean {directory}/linod.toml?"


def test_settings_takes_a_package_without_importing_it(computer: Computer) -> None:
    computer.write("code/shop/__init__.py", "raise SystemExit('imported')")
    computer.write("code/shop/site/__init__.py", "raise SystemExit('imported')")
    file = computer.write("code/shop/site/linod.toml", "max_jobs = 9", 'plugins = ["shop.site"]')

    settings = computer.load("shop.site", pythonpath=("../code",))

    assert (settings.site, settings.file, settings.max_jobs) == (
        "site",
        computer.home / ".." / "code" / file.relative_to(computer.base / "code"),
        9,
    )
    assert settings.host.path == (str(computer.home / ".." / "code"),)
    assert "shop" not in sys.modules


def test_a_package_on_the_path_of_the_interpreter_is_found(computer: Computer, monkeypatch: pytest.MonkeyPatch) -> None:
    file = computer.write("code/shop/linod.toml")
    monkeypatch.syspath_prepend(str(computer.base / "code"))

    assert computer.load("shop").file == file


class Hook(MetaPathFinder):
    """Knows one package that is in no directory of sys.path, as an editable install does."""

    def __init__(self, package: Path) -> None:
        self.package = package

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        init = self.package / "__init__.py"
        return spec_from_file_location(name, init) if name == self.package.name else None


def test_a_package_that_only_an_import_hook_knows_is_found(computer: Computer, monkeypatch: pytest.MonkeyPatch) -> None:
    init = computer.write("code/shop/__init__.py", "raise SystemExit('imported')")
    file = computer.write("code/shop/site/linod.toml")
    monkeypatch.setattr(sys, "meta_path", [Hook(init.parent), *sys.meta_path])

    assert computer.load("shop.site").file == file


def test_a_package_without_linod_toml_is_refused(computer: Computer) -> None:
    computer.write("code/shop/__init__.py")

    for name in ("shop", "shop.site", "email.mime", "sys"):
        assert f"--settings {name}: no package of this name holds a linod.toml" in computer.refused(
            name, pythonpath=(str(computer.base / "code"),)
        )
