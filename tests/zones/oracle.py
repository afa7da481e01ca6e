"""The rule for wall times, told another way than linod computes it; and the zones there are."""

import zoneinfo
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from linod.recurrence import Recurrence
from tests.unit.rows import task

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
FIRST, LAST = date(1990, 1, 1), date(2037, 12, 31)
CLOCKS = (time(0), time(0, 30), time(2, 30))


def zones() -> dict[str, list[str]]:
    """One name for each zone that differs from the others, and all its names."""
    found: dict[bytes, list[str]] = {}
    for name in sorted(zoneinfo.available_timezones()):
        files = [Path(place, name) for place in zoneinfo.TZPATH]
        content = next((file.read_bytes() for file in files if file.is_file()), name.encode())
        found.setdefault(content, []).append(name)
    return {names[0]: names for names in found.values()}


def first_instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The first instant at which the zone's clocks show `clock` on `day`, or anything later.

    On a day whose offset does not change there is nothing to choose; else every minute is looked at, from the first at
    which it can be.
    """
    wall = datetime.combine(day, clock)
    nominal = datetime.combine(day, clock, UTC)
    before, after = offset(nominal - 2 * DAY, zone), offset(nominal + 2 * DAY, zone)
    if before == after and offset(nominal - before, zone) == before:
        return nominal - before
    moment = nominal - max(before, after)
    while moment.astimezone(zone).replace(tzinfo=None) < wall:
        moment += MINUTE
    return moment


def offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    found = moment.astimezone(zone).utcoffset()
    assert found is not None
    return found


def change_days(zone: ZoneInfo) -> Iterator[date]:
    """The dates on which the zone's offset at midnight UTC differs from that of the day before."""
    return (moment.date() + DAY for moment, _ in changes(zone, FIRST))


def changes(zone: ZoneInfo, first: date) -> Iterator[tuple[datetime, timedelta]]:
    """The minutes of UTC, from a date to the end of 2037, with which a new offset begins; and that offset."""
    moment = datetime.combine(first - DAY, time(0), UTC)
    last = offset(moment, zone)
    while moment.date() <= LAST:
        now = offset(moment + DAY, zone)
        if now != last:
            minutes = bisect_left(range(1440), True, key=partial(_changed, moment, last, zone))
            yield moment + MINUTE * minutes, now
        moment, last = moment + DAY, now


def _changed(moment: datetime, last: timedelta, zone: ZoneInfo, minutes: int) -> bool:
    return offset(moment + MINUTE * minutes, zone) != last


def behaviour(name: str) -> tuple[object, ...]:
    """What a zone does in these years; many zones differ before 1990 only."""
    zone = ZoneInfo(name)
    return offset(datetime.combine(FIRST - DAY, time(0), UTC), zone), *changes(zone, FIRST)


def failures(name: str, clock: time, first: date, last: date) -> Iterator[str]:
    """Walk a daily task through the dates of a zone; a line for each slot that is not what the oracle says."""
    zone = ZoneInfo(name)
    rule = Recurrence.of(task(every_unit="daily", start_time=clock, start_date=first))
    moment = datetime.combine(first - 2 * DAY, time(0), UTC)
    expected = None
    for number in range((last - first).days + 1):
        day = first + number * DAY
        before, expected = expected, first_instant(day, clock, zone)
        if expected == before:
            continue  # Apia had no 30 December 2011: both dates mean one instant, which is one slot
        slot = rule.next_after(moment, zone)
        if slot != expected:
            yield f"{name} {day} {clock}: {slot} after {moment}, not {expected}"
            return
        moment = slot
