"""What a run in this process needs to know of a site."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from linod import __version__
from linod.errors import ConfigurationError
from linod.policies import LINODS, Policy
from linod.tuples import NamedTuple

if TYPE_CHECKING:
    from linod.settings import Settings


class Place(NamedTuple):
    """The part of a site's settings that crosses to the site's interpreter. The fields mean what theirs mean.

    color      colours on standard error; None: on a terminal.
    """

    site: str
    database: str
    time_zone: str
    daemon_user: str
    plugins: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    entry_points: bool = True
    color: bool | None = None
    defaults: Mapping[str, object] = MappingProxyType({})

    @classmethod
    def of(cls, settings: "Settings", color: bool | None = None) -> "Place":
        return cls(
            settings.site,
            settings.database,
            settings.time_zone,
            settings.daemon_user,
            settings.plugins,
            settings.host.path,
            settings.entry_points,
            color,
            dict(settings.defaults),
        )

    @property
    def policy(self) -> Policy:
        """What fills a policy that a task leaves empty."""
        return LINODS._replace(**self.defaults)  # type: ignore[arg-type]  # parsed, each by its name

    @property
    def database_file(self) -> Path:
        return Path(self.database.removeprefix("sqlite:///"))

    @property
    def ctl(self) -> str:
        """How this site is operated."""
        return "linod-ctl" if self.site == "linod" else f"linod-ctl --site {self.site}"


def to_wire(place: Place, **more: object) -> bytes:
    """A place and what else is to be told, for `from_wire` in the site's interpreter."""
    plain = {**place._asdict(), "defaults": dict(place.defaults)}
    return json.dumps({"version": __version__, "place": plain, **more}).encode()


def from_wire(data: bytes, python: str) -> tuple[Place, Mapping[str, Any]]:
    """What `to_wire` wrote.

    python  this interpreter, for the error.
    Raises  ConfigurationError when another linod wrote it: that one may have other tables, and this would change them.
    """
    told = json.loads(data)
    if told["version"] != __version__:
        raise ConfigurationError(
            f"[host] python = {python!r} has linod {__version__}, and this is {told['version']}; install the same "
            f"there: {python} -m pip install linod=={told['version']}"
        )
    place: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in told["place"].items()
    }
    return Place(**place), told
