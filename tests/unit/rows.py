"""Rows for the tests of the rules, and the zone most of them live in."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from linod.tasks import SYSTEM_TASK, Task

BRUSSELS = ZoneInfo("Europe/Brussels")
UTC_ZONE = ZoneInfo("UTC")
HOUR = timedelta(hours=1)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def task(number: int = 1, **columns: Any) -> Task:
    """A system task; the columns not given are as a new row has them."""
    values: dict[str, Any] = {"kind": SYSTEM_TASK, "id": number, "seqno": number, "name": "checkdata"}
    return Task(**{**values, "procedure": "checkdata", **columns})


def local(text: str, zone: ZoneInfo = BRUSSELS) -> datetime:
    """The instant of a wall time: "2026-11-23 22:44"; of one that comes twice the first."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def wall(moment: datetime | None, zone: ZoneInfo = BRUSSELS) -> str:
    """What the clocks of a zone show: "Sat 28.11.2026 04:00:00 +0100"; "never" for None."""
    return "never" if moment is None else f"{moment.astimezone(zone):%a %d.%m.%Y %H:%M:%S %z}"
