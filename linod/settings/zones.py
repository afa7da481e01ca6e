"""The machine's time zone, and whether a name is one."""

import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from linod.errors import near

LOCALTIME = Path("/etc/localtime")


def check_zone(name: str) -> str:
    """`name`, if the tz database knows it; else ValueError with the nearest name."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: "Europe" is a directory
        raise ValueError(f"unknown time zone {name!r}; {near(name, _zones(), _where_zones_are())}") from error
    return name


def machine_zone(environ: Mapping[str, str], localtime: Path = LOCALTIME) -> tuple[str, str | None]:
    """The name of the zone that the machine's clocks show, and a warning when that had to be guessed.

    environ    read: TZ, in the forms that name a zone or its file, with or without a colon; empty is UTC (tzset(3)).
    localtime  the file that localtime(5) describes: a link into the tz database; UTC when it is missing.
    """
    given = environ.get("TZ", str(localtime)).removeprefix(":")
    if given != str(localtime):
        name = (_below_zoneinfo(given) if given.startswith("/") else given) or "UTC"
        try:
            return check_zone(name), None
        except ValueError:
            zone = _linked_zone(localtime) or "UTC"
            return zone, f"TZ={given} names no zone of the tz database; linod uses {zone}; set time_zone to choose"
    if not localtime.exists():
        return "UTC", None
    zone = _linked_zone(localtime) or ""
    return (
        (zone, None) if zone else ("UTC", f"{localtime} does not tell the zone's name; linod uses UTC; set time_zone")
    )


def tz_database(zone: str) -> Collection[tuple[str, int, int, int]]:
    """What differs when the tz database was updated: which files have its version and a zone, as stat(2) tells.

    zone  the site's; a database without the file of its version is known by that.
    """
    from zoneinfo import TZPATH

    found = []
    for path in [Path(directory, name) for directory in TZPATH for name in ("tzdata.zi", zone)]:
        with suppress(OSError):
            about = path.stat()
            found.append((str(path), about.st_ino, about.st_size, about.st_mtime_ns))
    return tuple(found)


def _linked_zone(localtime: Path) -> str | None:
    """The zone that a link names. All the way for a link to a link, but one step first: zones are links themselves."""
    try:
        step = str(localtime.readlink())
    except OSError:  # a copy, not a link; or missing
        return None
    return _below_zoneinfo(step) or _below_zoneinfo(os.path.realpath(localtime))


def _below_zoneinfo(path: str) -> str | None:
    return path.partition("/zoneinfo/")[2].removeprefix("posix/") or None


def _zones() -> Collection[str]:
    from zoneinfo import available_timezones

    return sorted(available_timezones())


def _where_zones_are() -> str:
    if _zones():
        return "`timedatectl list-timezones` lists the names"
    return "this machine has no tz database; install the package tzdata"
