"""What to do when the system forbade a job something: the line of the unit that allows it, or whose file it is.

Imported by a child only when a job has failed so, and only below a systemd service: outside there is no sandbox.
"""

import errno
import os
import pwd
import re

NOT_BY_PATHS = ("/proc", "/sys")
"""Kept read-only by settings of their own, ProtectKernelTunables= and others: ReadWritePaths= does not open them."""


def cure(error: OSError) -> str:
    """The end of a job's message, beginning with "; "; "" when there is nothing to say that helps."""
    unit = service_of(_cgroups())
    if not unit:
        return ""
    paths = [_absolute(path) for path in (error.filename, error.filename2) if _is_path(path)]
    if error.errno == errno.EROFS:
        return _read_only(paths, unit)
    if paths:
        return _not_theirs(error, paths, unit)
    if error.errno == errno.EPERM:
        return (
            f"; no file's owner forbids this but the unit, which takes system calls and capabilities away: see "
            f"SystemCallFilter=, CapabilityBoundingSet= and NoNewPrivileges= in `{_systemctl('cat', unit)}`"
        )
    return ""


def service_of(cgroups: str) -> str:
    """The unit that a process belongs to, as systemctl takes it; "" when it is no service's.

    cgroups  /proc/PID/cgroup, see cgroups(7): "0::/system.slice/linod.service/jobs/17". "--user linod" is a unit of the
             user's own manager, whose own unit, user@1000.service, is none that runs linod.
    """
    for line in cgroups.splitlines():
        parts = line.split(":", 2)[-1].split("/")
        services = [part.removesuffix(".service") for part in parts if part.endswith(".service")]
        by_user = bool(services) and services[0].startswith("user@")
        if len(services) > by_user:
            return f"--user {services[-1]}" if by_user else services[-1]
    return ""


def _read_only(paths: list[str], unit: str) -> str:
    directories = [_existing_directory(path) for path in paths]
    read_only = [name for name in directories if os.statvfs(name).f_flag & os.ST_RDONLY] or directories
    if not read_only or read_only[0] == "/" or read_only[0].startswith(NOT_BY_PATHS):
        return ""
    return (
        f"; the unit keeps {read_only[0]} read-only for its jobs: `{_systemctl('edit', unit)}`, add the lines "
        f"`[Service]` and `ReadWritePaths={quoted(read_only[0])}`, then `{_systemctl('restart', unit)}`"
    )


def _not_theirs(error: OSError, paths: list[str], unit: str) -> str:
    blocking = next((place for path in paths if (place := _closed_directory(path))), None)
    place = blocking or next((path for path in reversed(paths) if os.path.lexists(path)), None)
    place = place or _existing_directory(paths[-1])
    found = os.lstat(place)
    whose = f"{place} belongs to {_name(found.st_uid)} (mode {found.st_mode & 0o7777:04o})"
    user = f"{_name(os.geteuid())} (uid {os.geteuid()})"
    if error.errno == errno.EPERM:
        return f"; jobs run as {user}, and {whose}: this is for its owner, or needs what the unit takes away"
    return f"; jobs run as {user}, and {whose}: change its owner or mode, or User= with `{_systemctl('edit', unit)}`"


def quoted(path: str) -> str:
    """A path as a unit file takes it: % is a specifier, blanks part words (systemd.syntax(7))."""
    path = path.replace("%", "%%")
    if not re.search(r"[\s\"'\\]", path):
        return path
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _systemctl(verb: str, unit: str) -> str:
    option, _, name = unit.rpartition(" ")
    return " ".join(filter(None, ("systemctl", option, verb, name)))


def _is_path(path: object) -> bool:
    return isinstance(path, str | bytes | os.PathLike)  # else a descriptor, or None


def _absolute(path: str) -> str:
    return os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - pathlib costs the host 5 ms


def _existing_directory(path: str) -> str:
    """The directory that something is or was to be made in: what ReadWritePaths= must name exists."""
    while not os.path.isdir(path) or os.path.islink(path):  # noqa: PTH112, PTH114
        path = os.path.dirname(path)  # noqa: PTH120
    return path


def _closed_directory(path: str) -> str | None:
    """The first directory on the way that this process may not search."""
    parts = path.split("/")
    for end in range(1, len(parts)):
        directory = "/".join(parts[:end]) or "/"
        if os.path.isdir(directory) and not os.access(directory, os.X_OK):  # noqa: PTH112
            return directory
    return None


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _cgroups() -> str:
    with open("/proc/self/cgroup", encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123
        return file.read()
