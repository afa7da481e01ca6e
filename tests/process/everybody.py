"""A site whose programs and directory the user `daemon` may read, whoever made this clone and its interpreter."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.process.site import DEADLINE, Site

ROOT = Path(__file__).parents[2]

OWNER = "daemon"
"""A user of the system that every Linux has, and nothing runs as."""

SCRIPT = "#!{python}\nfrom {module} import main\nmain()\n"


def python_for_everybody() -> str:
    """An interpreter like this one that other users may run; this one may be in root's home."""
    for python in (sys.executable, "/usr/bin/python3", f"/usr/bin/python3.{sys.version_info[1]}"):
        command = [python, "-c", "import sys; print(*sys.version_info[:2])"]
        try:
            said = subprocess.run(command, user=OWNER, cwd="/", capture_output=True, text=True, timeout=DEADLINE)
        except OSError:
            continue
        if said.stdout.split() == [str(number) for number in sys.version_info[:2]]:
            return python
    pytest.skip(f"no Python {sys.version_info[0]}.{sys.version_info[1]} that the user {OWNER} may run")


def open_site(place: Path) -> Site:
    """A site below `place`, with programs of its own; what its plugins write to OUT may come from any user."""
    made = Site(place / "s", {"PYTHONPATH": f"{ROOT}:{sysconfig.get_path('purelib')}"})
    (made.directory / "notify").chmod(0o666)
    made.out.touch()
    made.out.chmod(0o666)
    made.python = place / "bin"
    made.python.mkdir()
    for name, module in (("linod", "linod.cli.linod"), ("linod-ctl", "linod.cli.ctl")):
        program = made.python / name
        program.write_text(SCRIPT.format(python=python_for_everybody(), module=module))
        program.chmod(0o755)
    return made
