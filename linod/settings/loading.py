"""From command line, environment and files to `Settings`."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linod.errors import ConfigurationError
from linod.loglevels import LogLevel
from linod.settings import finding, sites, zones
from linod.settings.model import SQLITE, HostSettings, Settings

if TYPE_CHECKING:
    from linod.settings.owner import Owner

LONGEST_SOCKET_PATH = 107
"""Bytes; sun_path has 108 with its NUL (unix(7))."""

CREDENTIAL = "linod.database-url"
"""Name of the credential that overrides `database` (systemd.exec(5), LoadCredential=)."""


def load(
    *,
    settings: str | None = None,
    site: str | None = None,
    pythonpath: Sequence[str] = (),
    verbosity: int | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    machine: finding.Machine | None = None,
) -> Settings:
    """Find, read and check the configuration of a site.

    settings    what `--settings` says: a TOML file, or a dotted package that holds linod.toml. None: not given.
    site        what `--site` says. None: not given.
    pythonpath  directories of `--pythonpath`, searched before the interpreter's own and before `[host] path`.
    verbosity   what `-v` says, 0 to 3, see `level_for`. None: not given.
    environ     read: LINOD_SITE, LINO_LOGLEVEL, LINO_FILE_LOGLEVEL, STATE_DIRECTORY, RUNTIME_DIRECTORY, LOGS_DIRECTORY,
                CREDENTIALS_DIRECTORY, XDG_*, HOME, PATH, TZ. None: the process's.
    cwd         where relative paths of the command line begin. None: the process's.
    machine     who runs this, and where sites are kept. None: this machine.
    Raises      ConfigurationError, one line for each thing that is wrong: "FILE:LINE: KEY: reason".
    Touches     nothing: it makes no file and no directory.
    """
    environ = dict(os.environ if environ is None else environ)
    cwd = sites.here() if cwd is None else cwd
    machine = finding.Machine(os.geteuid()) if machine is None else machine
    place = finding.find(settings, site, pythonpath, environ, cwd, machine)
    values, warnings = _read(place, environ)
    local = place.file if place.local else None
    state_dir = cwd / sites.state_dir(place.site, environ, machine.uid, local)
    values["database"] = _database(values.get("database"), environ, place.file.parent, state_dir)
    configured = values.get("log_level", LogLevel.INFO)
    values["log_level"] = level_for(configured, verbosity, environ)
    values["file_log_level"] = _given_level("LINO_FILE_LOGLEVEL", environ.get("LINO_FILE_LOGLEVEL")) or configured
    values["log_dir"] = _log_dir(values.get("log_dir"), environ, place.file.parent, cwd)
    owner = _owner(state_dir) if machine.uid == 0 else None
    values.setdefault("daemon_user", owner.name if owner else os_user(machine.uid))
    if "time_zone" not in values:
        values["time_zone"], guessed = zones.machine_zone(environ)
        warnings += [guessed] if guessed else []
    return Settings(
        site=place.site,
        file=place.file if place.exists else None,
        place=place.file,
        state_dir=state_dir,
        runtime_dir=_fitting(cwd / sites.runtime_dir(place.site, environ, machine.uid, local)),
        host=_host(values.pop("host"), [str(cwd / path) for path in pythonpath]),
        owner=owner,
        warnings=(*place.warnings, *warnings),
        environ=environ,
        **values,
    )


def _owner(state_dir: Path) -> "Owner | None":
    from linod.settings.owner import owner_for_root  # a daemon that systemd starts is not root, and needs no passwd

    return owner_for_root(state_dir)


def loader(
    settings: str | None, site: str | None, pythonpath: Sequence[str], verbosity: int | None
) -> Callable[[Mapping[str, str]], Settings]:
    """`load` for one command line: given an environment it reads the same files each time it is called.

    Also when root has become another user, and has left the directory in which the command was typed.
    """
    cwd, machine = sites.here(), finding.Machine(os.geteuid())

    def read(environ: Mapping[str, str]) -> Settings:
        return load(
            settings=settings,
            site=site,
            pythonpath=pythonpath,
            verbosity=verbosity,
            environ=environ,
            cwd=cwd,
            machine=machine,
        )

    return read


def level_for(configured: LogLevel, verbosity: int | None, environ: Mapping[str, str]) -> LogLevel:
    """The daemon's own logging level: LINO_LOGLEVEL (any case; empty is none) wins over -v, and that over the file.

    verbosity  0: warnings at most; 1 or None: as configured; 2: INFO at least; 3: DEBUG. More never says less.
    """
    wanted = _given_level("LINO_LOGLEVEL", environ.get("LINO_LOGLEVEL"))
    if wanted:
        return wanted
    if verbosity == 0:
        return max(configured, LogLevel.WARNING, key=lambda level: level.value)
    if verbosity == 2:
        return min(configured, LogLevel.INFO, key=lambda level: level.value)
    return LogLevel.DEBUG if verbosity == 3 else configured


def _given_level(variable: str, wanted: str | None) -> LogLevel | None:
    """The level that a variable of the environment holds, in any case; None when it is not there or empty."""
    if not wanted:
        return None
    from linod.settings.keys import log_level

    try:
        return log_level(wanted)
    except ValueError as error:
        raise ConfigurationError(f"{variable}: {error}") from error


def os_user(uid: int) -> str:
    """The name of a user of the operating system; the number when it has none, as in a container."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _read(place: finding.Place, environ: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """What the files say, by the fields of `Settings`, and the warnings about it. No file, no parser imported."""
    if not place.exists and not place.dropins:
        return {"host": {}, "defaults": {}, "queues": {}}, []
    from linod.settings.keys import TABLES
    from linod.settings.reading import read_place

    found = read_place(place, environ)
    values: dict[str, Any] = {keys[0]: value for keys, value in found.values.items() if len(keys) == 1}
    values.pop("use_channels", None)  # can only be false, which is what is
    for table in TABLES:
        values[table] = {keys[1]: value for keys, value in found.values.items() if len(keys) == 2 and keys[0] == table}
    values["defaults"] |= {name: values.pop(name) for name in ("keep_days", "keep_jobs") if name in values}
    return values, found.warnings


def _host(values: dict[str, Any], pythonpath: Sequence[str]) -> HostSettings:
    return HostSettings(**(values | {"path": (*pythonpath, *values.get("path", ()))}))


def _database(url: str | None, environ: Mapping[str, str], base: Path, state_dir: Path) -> str:
    """The database's URL, its path absolute: the credential, else the file's, else a file in the state directory."""
    url = _credential(environ) or url
    return SQLITE + str(state_dir / "linod.sqlite" if url is None else base / url.removeprefix(SQLITE))


def _log_dir(configured: str | None, environ: Mapping[str, str], base: Path, cwd: Path) -> Path | None:
    """The directory of `lino.log`: the file's, else the one that systemd has made for this unit (LogsDirectory=)."""
    given = environ.get("LOGS_DIRECTORY", "").split(":")[0]
    if not configured and not given:
        return None
    directory = base / configured if configured else cwd / given
    size = len(os.fsencode(directory / "lino.log.sock"))
    if size > LONGEST_SOCKET_PATH:
        raise ConfigurationError(
            f"{directory}: too long for a log_dir: the log socket in it would have a path of {size} bytes, and a Unix "
            f"socket has {LONGEST_SOCKET_PATH} at most; choose a shorter one"
        )
    return directory


def _credential(environ: Mapping[str, str]) -> str | None:
    directory = environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        return None
    file = Path(directory, CREDENTIAL)
    try:
        url = file.read_text("utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: cannot be read: {error}") from error
    from linod.settings.keys import database

    try:
        return database(url)
    except ValueError as error:
        raise ConfigurationError(f"{file}: database: {error}") from error


def _fitting(runtime: Path) -> Path:
    """The runtime directory, if the path of a socket in it is not too long for the kernel."""
    size = len(os.fsencode(runtime / "control"))
    if size <= LONGEST_SOCKET_PATH:
        return runtime
    raise ConfigurationError(
        f"{runtime / 'control'}: too long for a Unix socket ({size} bytes of {LONGEST_SOCKET_PATH}); "
        "set RUNTIME_DIRECTORY to a shorter path, and LINOD_CONTROL for linod-ctl"
    )
