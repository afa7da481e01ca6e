"""What the machines begin with: a base directory for each Debian release, and wheels for a site's own virtualenv.

Made once and kept outside the clone, under a key of all that decides about the content. A base is written beside its
place and renamed, so one that was cut short counts for nothing.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.system.tools import ROOT, CannotRun, checked, locked

RELEASES = {"debian12": "bookworm", "debian13": "trixie"}

SYSTEM = ["systemd", "systemd-sysv", "dbus", "bash-completion"]
"""What a small server has besides linod's dependencies."""

SITES = ["python3-venv"]
"""What a site with a virtualenv of its own has."""

TESTS = ["python3-pytest"]
"""For the tests in the testbed itself, as autopkgtest runs them."""

OPTIONS = ["--variant=minbase", "--dpkgopt=path-exclude=/usr/share/locale/*"]

PURE = "typer<0.16"
"""Newer ones bring pydantic, and that a part that is compiled for one version of Python."""

LEAST_FREE = 2 << 30
"""Bytes that must be free to make a base: it has 250 MB, and mmdebstrap keeps the packages beside it meanwhile."""


def cache() -> Path:
    """The directory for what is kept; removing it costs the next run two minutes."""
    if os.geteuid() == 0:
        return Path("/var/cache/linod-test")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "linod-test"


def base(release: str) -> Path:
    """The base of a release, made when it is missing."""
    return installed(release, release, [*SYSTEM, *dependencies(), *SITES, *TESTS])


def installed(name: str, release: str, packages: Sequence[str], *options: str) -> Path:
    """A directory with packages of a release, and all that they need.

    name     what it is called among those that are kept.
    options  further ones of mmdebstrap.
    """
    suite, words = RELEASES[release], [*OPTIONS, *options]

    def make(place: Path) -> None:
        checked("mmdebstrap", "--quiet", *words, f"--include={','.join(packages)}", suite, str(place), mirror())

    return _kept(name, "\n".join([suite, *packages, *words]), make)


def wheels() -> Path:
    """Wheels of what a site's virtualenv needs: linod's dependencies, for an environment that reaches no index."""
    project = (ROOT / "pyproject.toml").read_text()
    found = re.search(r"^dependencies = \[(.*?)\]", project, re.MULTILINE | re.DOTALL)
    assert found is not None
    needed = re.findall(r'"([^"]+)"', found[1])

    def make(place: Path) -> None:
        checked(sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", str(place), *needed, PURE)
        compiled = [file.name for file in place.iterdir() if not file.name.endswith("-none-any.whl")]
        assert not compiled, f"these fit one version of Python only: {compiled}"

    return _kept("wheels", "\n".join([*needed, PURE]), make)


def dependencies() -> list[str]:
    """The packages that linod's package depends on."""
    stanza = (ROOT / "debian" / "control").read_text().split("\nPackage: linod\n", 1)[1]
    found = re.search(r"^Depends:(.*?)^\S", stanza, re.MULTILINE | re.DOTALL)
    assert found is not None
    return re.findall(r"^\s*(python3[\w.-]*)", found[1].replace("Depends:", ""), re.MULTILINE)


def mirror() -> str:
    """The Debian mirror of this machine's own apt."""
    asked = ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"]
    found = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    for site in found:
        if site.rstrip("/").endswith("/debian"):
            return site
    raise CannotRun("the sources of apt name no Debian mirror to build containers from")


def _kept(name: str, recipe: str, make: Callable[[Path], None]) -> Path:
    """The directory that `make` fills, kept under a key of its recipe; older ones of the name are removed."""
    key = hashlib.sha256(recipe.encode()).hexdigest()[:12]
    place = cache() / f"{name}-{key}"
    cache().mkdir(parents=True, exist_ok=True)
    with locked(cache() / f"{name}.lock"):
        if place.is_dir():
            return place
        if (free := shutil.disk_usage(cache()).free) < LEAST_FREE:
            raise CannotRun(f"{cache()} has {free >> 20} MiB free; a base needs {LEAST_FREE >> 20} MiB to be made")
        for older in cache().glob(f"{name}-*"):
            shutil.rmtree(older)
        print(f"Making {place}", flush=True)
        new = cache() / f"{name}-{key}.new"
        new.mkdir()
        make(new)
        new.rename(place)
    return place
