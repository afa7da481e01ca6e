"""The files that the package installs beside the program."""

import re
import sys
from pathlib import Path

from linod.settings import Settings
from linod.settings.keys import DEFAULTS, HOST, KEYS
from linod.settings.loading import load
from tests.units.unitfile import ROOT

DEBIAN = ROOT / "debian"

DEPENDS = ("database", "time_zone", "log_dir", "queues", "defaults")
"""Settings of the file that show an example, because their default depends on the machine."""

EXAMPLE_QUEUES = {"mail": 1}

HIDDEN = {"daemon_user", "use_channels"}
"""Keys that an administrator has no use for: linod.toml(5) has them."""


def settings(directory: Path, text: str) -> Settings:
    file = directory / "site.toml"
    file.write_text(text)
    return load(settings=str(file), environ={"TZ": "UTC"}, cwd=directory)


def test_the_settings_file_has_every_key_commented_out_with_its_default(tmp_path: Path) -> None:
    text = (DEBIAN / "linod.toml").read_text().replace("/srv/site/env/bin/python", sys.executable)
    assert re.findall(r"(?m)^[^#\n].*", text) == ["[host]", "[defaults]", "[queues]"]
    opened, changed = re.subn(r"(?m)^#(\w+ = )", r"\1", text)
    assert changed == len(set(KEYS) - HIDDEN) + len(HOST) + len(DEFAULTS) + len(EXAMPLE_QUEUES)

    default, shown = settings(tmp_path, text), settings(tmp_path, opened)
    assert shown.queues == EXAMPLE_QUEUES
    assert shown.policy == default.policy._replace(queue="mail")
    same = {name: getattr(default, name) for name in DEPENDS}
    assert shown._replace(host=shown.host._replace(python=default.host.python), **same) == default


def test_the_demo_is_the_one_that_linod_brings(tmp_path: Path) -> None:
    packaged, ours = settings(tmp_path, (DEBIAN / "demo.toml").read_text()), load(settings="linod.demo", cwd=tmp_path)
    assert (packaged.plugins, packaged.daemon_user) == (ours.plugins, ours.daemon_user) != ((), "")


def test_the_versions_are_one() -> None:
    project = re.search(r'(?m)^version = "(.*)"', (ROOT / "pyproject.toml").read_text())
    assert project
    assert (DEBIAN / "changelog").read_text().startswith(f"linod ({project[1]}) ")
