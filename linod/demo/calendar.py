"""The office's calendar: entries made from recurrences, and messages about those that begin soon."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from linod.demo.database import books, transaction
from linod.demo.office import Entry, Message, Series
from linod.demo.tables import utcnow

AHEAD_DAYS = 30
"""How far the calendar is filled."""

NOTIFY_BEFORE = timedelta(hours=1)
"""How long before an entry begins its user gets a message."""


def generate(now: datetime | None = None) -> tuple[int, int]:
    """Make the entries of all recurrences in the days to come, and take those away that no longer belong to one.

    now      a moment in UTC, naive; default the present. Entries that have begun are the past: they stay.
    Returns  how many were made, and how many taken away.
    """
    now = now or utcnow()
    made = gone = 0
    with books():
        for series in list(Series.select()):
            with transaction():
                wanted = set(_moments(series, now))
                there = Entry.select().where(Entry.series == series, Entry.start > now)
                left_over = [entry for entry in there if entry.start not in wanted]
                missing = wanted - {entry.start for entry in there}
                Entry.delete().where(Entry.id.in_([entry.id for entry in left_over])).execute()
                for start in sorted(missing):
                    Entry.create(user=series.user, summary=series.summary, start=start, series=series)
            made, gone = made + len(missing), gone + len(left_over)
    return made, gone


def _moments(series: Series, now: datetime) -> list[datetime]:
    """When a recurrence takes place, after `now` and within AHEAD_DAYS."""
    from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule

    units: Mapping[str, Any] = {"daily": DAILY, "weekly": WEEKLY, "monthly": MONTHLY}
    begin = datetime.combine(series.start_date, series.start_time)
    until = now + timedelta(days=AHEAD_DAYS)
    if series.end_date is not None:
        until = min(until, datetime.combine(series.end_date + timedelta(days=1), datetime.min.time()))
    return [
        moment
        for moment in rrule(units[series.unit], dtstart=begin, interval=series.every, until=until)
        if moment > now
    ]


def notify(now: datetime | None = None) -> int:
    """Write a message about each entry that begins soon, once. Returns how many.

    now  a moment in UTC, naive; default the present.
    """
    now = now or utcnow()
    soon = (Entry.start > now) & (Entry.start <= now + NOTIFY_BEFORE) & Entry.notified.is_null()
    with books(), transaction():
        entries = list(Entry.select().where(soon).order_by(Entry.start))
        for entry in entries:
            Message.create(user=entry.user, subject=f"{entry.summary}, today at {entry.start:%H:%M} UTC", created=now)
            entry.notified = now
            entry.save(only=[Entry.notified])
    return len(entries)
