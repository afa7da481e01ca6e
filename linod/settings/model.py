"""What a site is configured to be: plain frozen values."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from linod.loglevels import LogLevel
from linod.policies import LINODS, Policy
from linod.tuples import NamedTuple

if TYPE_CHECKING:
    from linod.settings.owner import Owner

SQLITE = "sqlite:///"
"""How the URL of an SQLite file begins; an absolute path follows, so there are four slashes in all."""


class Options(NamedTuple):
    """What the command line says about this one run of linod, and no file can say."""

    color: bool | None = None  # None: colour on a terminal only
    traceback: bool = False  # show the whole stack of an error
    skip_checks: bool = False  # say no warnings about settings and plugins at start
    reread: "Callable[[], Settings] | None" = None  # reads the configuration anew, as this command line names it


class HostSettings(NamedTuple):
    """The table `[host]`: the site's interpreter."""

    python: str = sys.executable
    path: tuple[str, ...] = ()  # directories put first on its sys.path; those of --pythonpath come before the file's
    load_timeout: float = 60.0  # seconds one plugin may take to import
    silence_timeout: float = 60.0  # seconds without a sign of life, after which the host is replaced


class Settings(NamedTuple):
    """A site's configuration, checked and complete. Every path is absolute, every time is in seconds."""

    site: str
    file: Path | None  # the TOML file; None when the site runs on the defaults
    place: Path  # that file, or where one would be read from: what an error tells people to edit
    state_dir: Path  # not yet made
    runtime_dir: Path  # for the files `control` and `pid`; not yet made
    database: str  # a Peewee URL, its path absolute
    time_zone: str  # a name of the IANA database
    daemon_user: str
    plugins: tuple[str, ...] = ()
    log_level: LogLevel = LogLevel.INFO  # LINO_LOGLEVEL and -v are already in it
    file_log_level: LogLevel = LogLevel.INFO  # LINO_FILE_LOGLEVEL is already in it; no key of the file
    log_each_action_request: bool = False
    log_dir: Path | None = None  # for `lino.log` and the log socket; None: this site has no such file
    background_sleep_time: float = 5.0
    max_jobs: int = 4
    stop_timeout: float = 60.0
    kill_grace: float = 10.0
    defaults: Mapping[str, object] = MappingProxyType({})  # of these policies the site says its own default
    queues: Mapping[str, int] = MappingProxyType({})  # name -> jobs of it at once
    host: HostSettings = HostSettings()
    entry_points: bool = True  # load the plugins of the entry points too; no key of the file
    owner: "Owner | None" = None  # whom root becomes for this site; None: whoever runs linod stays who they are
    warnings: tuple[str, ...] = ()  # what is odd in the configuration without being wrong
    environ: Mapping[str, str] = MappingProxyType({})  # for journal and notify, which read none

    def __repr__(self) -> str:
        """Without the environment, which may hold secrets."""
        return f"Settings(site={self.site!r}, place={str(self.place)!r})"

    @property
    def policy(self) -> Policy:
        """What fills a policy that a task leaves empty."""
        return LINODS._replace(**self.defaults)  # type: ignore[arg-type]  # parsed, each by its name

    @property
    def database_file(self) -> Path:
        """The SQLite file of `database`."""
        return Path(self.database.removeprefix(SQLITE))

    @property
    def control_socket(self) -> Path:
        """Where `linod-ctl` reaches this daemon."""
        return self.runtime_dir / "control"

    @property
    def log_socket(self) -> Path | None:
        """Where other processes of the site send their log records."""
        return None if self.log_dir is None else self.log_dir / "lino.log.sock"

    @property
    def pid_file(self) -> Path:
        """Holds the daemon's pid, locked while it lives."""
        return self.runtime_dir / "pid"
