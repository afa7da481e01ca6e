"""Which site is meant, and where its state and its socket are. Cheap to import: linod-ctl asks here first."""

import os
from collections.abc import Mapping
from pathlib import Path

from linod.errors import ConfigurationError

DEFAULT_SITE = "linod"
LOCAL_FILE = "linod.toml"
SYSTEM_STATE = Path("/var/lib/linod")
SYSTEM_RUNTIME = Path("/run/linod")

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")


def named_site(site: str | None, environ: Mapping[str, str]) -> str | None:
    """The site that `--site` names, else LINOD_SITE, else None. An empty LINOD_SITE is none."""
    if site is not None:
        return checked_name(site, "--site")
    if environ.get("LINOD_SITE"):
        return checked_name(environ["LINOD_SITE"], "LINOD_SITE")
    return None


def is_name(name: str) -> bool:
    """Whether `name` can name a site."""
    return name != "" and _LETTERS.issuperset(name) and name[0] not in ".-"


def checked_name(name: str, where: str) -> str:
    """`name`, if it can be part of a path and of a unit's name (systemd.unit(5)); else ConfigurationError."""
    if is_name(name):
        return name
    raise ConfigurationError(
        f"{where}: {name!r} cannot name a site; a name is made of ASCII letters, digits, '_', '-' and '.', "
        "and begins with a letter, a digit or '_'"
    )


def local_file(cwd: Path, uid: int) -> Path | None:
    """`./linod.toml`, if it is there. Never for root, who may stand in a directory that somebody else wrote."""
    file = cwd / LOCAL_FILE
    return file if uid != 0 and os.path.lexists(file) else None


def local_dir(file: Path) -> Path:
    """Where a site that is configured by `./linod.toml` keeps everything: below the directory of that file."""
    return file.parent / ".linod"


def state_dir(site: str, environ: Mapping[str, str], uid: int, local: Path | None = None) -> Path:
    """Where the site keeps its database.

    site     name of the site.
    environ  read: STATE_DIRECTORY (a list with colons, systemd.exec(5)), XDG_STATE_HOME, HOME.
    uid      effective user id: root has the system's directory.
    local    the file, if the site is configured by `./linod.toml`.
    """
    given = _first(environ.get("STATE_DIRECTORY"))
    if given:
        return given
    if local:
        return local_dir(local)
    return SYSTEM_STATE / site if uid == 0 else _own_state(site, environ)


def runtime_dir(site: str, environ: Mapping[str, str], uid: int, local: Path | None = None) -> Path:
    """Where the site has its control socket and its pid file; the arguments are those of `state_dir`.

    A session without XDG_RUNTIME_DIR (cron, a container) has no directory of the kind, so the state's serves.
    """
    given = _first(environ.get("RUNTIME_DIRECTORY"))
    if given:
        return given
    if local:
        return local_dir(local) / "run"
    return SYSTEM_RUNTIME / site if uid == 0 else _own_runtimes(site, environ)[0]


def control_path(
    site: str | None, environ: Mapping[str, str], *, cwd: Path | None = None, uid: int | None = None
) -> list[Path]:
    """Where linod-ctl looks for the control socket, in this order.

    site     what `--site` says, None when it is not given.
    environ  read: LINOD_CONTROL, which alone decides, LINOD_SITE, XDG_RUNTIME_DIR, XDG_STATE_HOME, HOME.
             Not RUNTIME_DIRECTORY: a service that calls linod-ctl has that of its own.
    cwd      directory whose linod.toml is meant when no site is named; None is the current one.
    uid      effective user id; None asks the system.
    """
    if environ.get("LINOD_CONTROL"):
        return [Path(environ["LINOD_CONTROL"])]
    uid = os.geteuid() if uid is None else uid
    name = named_site(site, environ)
    if name is None:
        local = local_file(here() if cwd is None else cwd, uid)
        if local:
            return [local_dir(local) / "run" / "control"]
        name = DEFAULT_SITE
    system = SYSTEM_RUNTIME / name
    return [path / "control" for path in ([] if uid == 0 else _own_runtimes(name, environ)) + [system]]


def here() -> Path:
    """The current directory; `/` when it has been removed."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path("/")


def _own_state(site: str, environ: Mapping[str, str]) -> Path:
    base = _absolute(environ.get("XDG_STATE_HOME")) or home(environ) / ".local" / "state"
    return base / "linod" / site


def _own_runtimes(site: str, environ: Mapping[str, str]) -> list[Path]:
    """A daemon started by cron has the second, and is looked for from a session that has the first."""
    base = _absolute(environ.get("XDG_RUNTIME_DIR"))
    return ([base / "linod" / site] if base else []) + [_own_state(site, environ) / "run"]


def home(environ: Mapping[str, str]) -> Path:
    """The user's home directory."""
    return _absolute(environ.get("HOME")) or Path("~").expanduser()


def _first(paths: str | None) -> Path | None:
    return Path(paths.split(":")[0]) if paths else None


def _absolute(path: str | None) -> Path | None:
    """A relative path in an XDG variable is invalid and to be ignored (XDG base directory specification)."""
    return Path(path) if path and path.startswith("/") else None
