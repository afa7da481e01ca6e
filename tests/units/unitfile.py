"""The unit files, read, and the tools of systemd that judge them."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "systemd"
EXAMPLES = UNITS / "examples"

Unit = dict[str, dict[str, list[str]]]
"""Section -> key -> the values of its lines."""


def read(name: str) -> Unit:
    """A file of systemd/, as systemd.syntax(7) says, without continued lines: we write none."""
    unit: Unit = {}
    for line in (UNITS / name).read_text().splitlines():
        if line.startswith("["):
            section = unit.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            section.setdefault(key, []).append(value)
    return unit


def place(directory: Path, dropins: Mapping[str, list[Path]] | None = None) -> None:
    """Put the units into a directory as a machine has them: with an instance, and drop-ins by the unit's name.

    The programs are taken to be there: what the package installs is not on a machine that only tests.
    """
    for file in [*UNITS.glob("linod*.*"), *EXAMPLES.glob("*.service")]:
        text = file.read_text().replace("=/usr/bin/linod ", "=/bin/true ").replace("=/usr/bin/linod\n", "=/bin/true\n")
        text = text.replace("=/usr/bin/linod-ctl ", "=/bin/true ")
        (directory / file.name).write_text(text)
        (directory / file.name.replace("@.", "@shop.")).write_text(text)
    for name, files in (dropins or {}).items():
        (directory / f"{name}.d").mkdir()
        for dropin in files:
            shutil.copy(dropin, directory / f"{name}.d")


def analyze(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze on units in a directory; its words and its warnings are one text.

    make test installs it (package systemd); it needs no running systemd.
    """
    return subprocess.run(
        ["systemd-analyze", *words], cwd=directory, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
