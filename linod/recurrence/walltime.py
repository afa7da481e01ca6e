"""From wall time to instants: linod's rule for the days on which the clock changes.

A wall time that the clock skips means the first instant after the gap; one that it repeats means the first of the two.
Some zones skip midnight itself (Cairo, Havana), so even "every day at 00:00" needs the rule.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

MIDNIGHT = time(0)
_SECOND = timedelta(seconds=1)


def instant(day: date, clock: time, zone: "ZoneInfo") -> datetime:
    """The one instant, in UTC, at which `zone` shows `clock` on `day`."""
    wall = datetime.combine(day, clock, zone).replace(fold=0)
    moment = wall.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return moment
    return _end_of_gap(wall.replace(fold=1).astimezone(UTC), moment, zone)


def _end_of_gap(before: datetime, after: datetime, zone: "ZoneInfo") -> datetime:
    """The instant between these two at which the zone's offset changes, to the second.

    before, after  the skipped wall time read with the offset that follows the gap, and with the one that precedes it
                   (PEP 495: fold 1 and fold 0); zoneinfo offers no list of transitions, so they are searched.
    """
    low, high = before.replace(microsecond=0), after.replace(microsecond=0) + _SECOND
    old = low.astimezone(zone).utcoffset()
    while high - low > _SECOND:
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == old:
            low = middle
        else:
            high = middle
    return high


def local_date(moment: datetime, zone: "ZoneInfo") -> date:
    """The date that the zone's calendar shows at a moment."""
    return moment.astimezone(zone).date()
