"""The files of one site, read, checked and merged."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from linod.errors import ConfigurationError
from linod.settings.documents import Document, read
from linod.settings.finding import Place
from linod.settings.keys import Keys, parse_all

PYTHON, PATH = ("host", "python"), ("host", "path")


class Found:
    """What stands in the files so far."""

    def __init__(self) -> None:
        self.values: dict[Keys, Any] = {}
        self.warnings: list[str] = []
        self.problems: list[str] = []


def read_place(place: Place, environ: Mapping[str, str]) -> Found:
    """Read the file of a site and merge its drop-ins over it, key by key; a list replaces a list.

    environ  read: PATH, for an interpreter that is named without a slash.
    Raises   ConfigurationError with a line for each thing that is wrong in any of the files.
    """
    found = Found()
    for file in ((place.file,) if place.exists else ()) + place.dropins:
        try:
            _merge(found, read(file), place.file.parent, environ)
        except FileNotFoundError:
            found.problems.append(f"{file}: there is no such file")  # a link that leads nowhere
        except ConfigurationError as error:
            found.problems.append(str(error))
    if found.problems:
        raise ConfigurationError("\n".join(found.problems))
    return found


def _merge(found: Found, document: Document, base: Path, environ: Mapping[str, str]) -> None:
    """Check one file and add what it says. Its relative paths begin at `base`, the directory of the site's file."""
    good, bad = parse_all(document.values)
    found.problems += [f"{document.where(*keys)}: {reason}" for keys, reason in bad]
    if PYTHON in good:
        try:
            good[PYTHON] = interpreter(good[PYTHON], base, environ)
        except ValueError as error:
            found.problems.append(f"{document.where(*PYTHON)}: host.python: {error}")
    if PATH in good:
        good[PATH] = tuple(str(base / directory) for directory in good[PATH])
        missing = [directory for directory in good[PATH] if not os.access(directory + "/.", os.X_OK)]
        found.warnings += [f"{document.where(*PATH)}: host.path: no directory {name} to search" for name in missing]
    found.values |= good


def interpreter(python: str, base: Path, environ: Mapping[str, str]) -> str:
    """The interpreter of `[host] python`; ValueError when it cannot be run.

    A link is not followed: a virtualenv's python is one, and knows its site by its own place.
    """
    if "/" not in python:
        from shutil import which

        if which(python, path=environ.get("PATH")) is None:
            raise ValueError(f"there is no command {python!r} on PATH")
        return python
    file = base / python
    try:
        kind = file.stat().st_mode
    except OSError as error:
        raise ValueError(f"there is no interpreter {file} ({error.strerror})") from error
    if not stat.S_ISREG(kind):
        raise ValueError(f"{file} is no interpreter")
    if not os.access(file, os.X_OK):
        raise ValueError(f"{file} cannot be executed by {os.geteuid()}, the user id that linod runs as")
    return str(file)
