"""What whoever starts machines needs first: programs, the package, and nobody else who makes the same meanwhile."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

CANNOT_RUN = 77
"""Exit code, as automake and autopkgtest have it for a test that was skipped."""

SEARCHED = os.pathsep.join([*os.get_exec_path(), "/usr/sbin", "/sbin"])
"""Where programs are looked for: some of the system's own are not on everybody's PATH."""


class CannotRun(Exception):
    """The tests cannot run here; the text says why and what would help."""


def need(reason: str, tools: Mapping[str, str]) -> None:
    """Install what is missing, saying so. `tools`: Debian's package by the name of the program in it."""
    missing = [package for tool, package in tools.items() if not shutil.which(tool, path=SEARCHED)]
    if missing and subprocess.run([ROOT / "packaging" / "apt", reason, *missing], stdin=subprocess.DEVNULL).returncode:
        raise CannotRun(f"{reason}, and could not be installed: {' '.join(missing)}")


def package(place: Path, version: str = "") -> Path:
    """linod's package, built anew from this clone as the only one in the directory `place`."""
    place.mkdir(parents=True, exist_ok=True)
    for old in place.glob("linod_*.deb"):
        old.unlink()
    environ = {key: text for key, text in os.environ.items() if key != "VERSION"}
    checked(str(ROOT / "packaging" / "deb"), str(place), environ=environ | ({"VERSION": version} if version else {}))
    return next(place.glob("linod_*.deb"))


def checked(*command: str, environ: Mapping[str, str] | None = None) -> str:
    """What a command said that nothing can go on without; raises CannotRun with it when the command failed."""
    done = subprocess.run(
        command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise CannotRun(f"{' '.join(command)} ended with {done.returncode}: {done.stdout.strip()}")
    return done.stdout


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Nobody else has this lock meanwhile: who comes later waits."""
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
