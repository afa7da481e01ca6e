"""The copy of the database that a migration makes first: `linod.sqlite.version-1` has tables of version 1.

A second one of the same version is `linod.sqlite.version-1.2`: somebody went back, and forward again. The three newest
stay. A copy belongs to the database's owner, who alone may read it.
"""

import filecmp
import os
import re
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from linod.errors import DatabaseAway

KEPT = 3
"""Copies that stay when a migration has succeeded."""

MIB = 1 << 20


def copies(path: Path) -> list[tuple[Path, int]]:
    """The copies of a database and the version of each one's tables, the oldest first."""
    name = re.compile(re.escape(path.name) + r"\.version-(\d+)(?:\.\d+)?")
    found = [(file, match) for file in path.parent.iterdir() if (match := name.fullmatch(file.name))]
    return [(file, int(match[1])) for file, match in sorted(found, key=lambda item: item[0].stat().st_mtime_ns)]


def newest_copy(path: Path, version: int) -> Path | None:
    """The newest copy whose tables are of this version or an older one; None when there is none."""
    fitting = [file for file, found in copies(path) if found <= version]
    return fitting[-1] if fitting else None


def remove_old_copies(path: Path) -> None:
    """Remove all but the newest."""
    for file, _ in copies(path)[:-KEPT]:
        file.unlink()


def keep_copy(path: Path, version: int) -> Path:
    """Copy the database, durably; returns the copy. The caller's transaction keeps others from writing meanwhile.

    After a start that was killed the same copy is there already, and another is not kept.
    Raises  DatabaseAway, with nothing left behind.
    """
    made = path.with_name(path.name + ".copying")
    try:
        _copy(path, made)
        same = [file for file, found in copies(path) if found == version]
        if same and filecmp.cmp(made, same[-1], shallow=False):
            made.unlink()
            return same[-1]
        copy = _free_name(path, version)
        made.rename(copy)
        _sync(path.parent)
        return copy
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            made.unlink(missing_ok=True)
        raise DatabaseAway(_failed(path, error)) from error


def _copy(path: Path, made: Path) -> None:
    """By SQLite itself, which reads what is in the journal beside the file too."""
    made.unlink(missing_ok=True)  # a start was killed here
    owner = path.stat()
    fd = os.open(made, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        if os.geteuid() == 0:
            os.fchown(fd, owner.st_uid, owner.st_gid)
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(made)) as target:
            # It is synced below and removed when it fails: neither journal nor sync in between serves anybody.
            target.execute("PRAGMA journal_mode = OFF")
            target.execute("PRAGMA synchronous = OFF")
            source.backup(target)
        os.fsync(fd)
    finally:
        os.close(fd)


def _free_name(path: Path, version: int) -> Path:
    first = path.with_name(f"{path.name}.version-{version}")
    names = [first, *(first.with_name(f"{first.name}.{number}") for number in range(2, 1000))]
    return next(name for name in names if not os.path.lexists(name))


def _sync(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _failed(path: Path, error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    disk = os.statvfs(path.parent)
    needed, free = path.stat().st_size / MIB, disk.f_bavail * disk.f_frsize / MIB
    return (
        f"{path}: the copy that linod makes before it changes the tables failed: {reason}; nothing was changed. It "
        f"needs {needed:.1f} MiB in {path.parent}, where {free:.1f} MiB are free: make room, then start linod again"
    )
