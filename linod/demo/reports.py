"""The weekly report: who worked for whom."""

from datetime import date, timedelta
from typing import Any

from peewee import fn

from linod.demo.database import books, transaction
from linod.demo.mail import write_mail
from linod.demo.office import User, Work
from linod.demo.tables import Partner, utcnow

BOOKKEEPER = "bookkeeper@example.com"


def send_week(today: date | None = None) -> int:
    """Put the report of the seven days before a day into the outbox. Returns how many minutes were worked in them.

    today  default the present day, in UTC.
    """
    end = today or utcnow().date()
    begin = end - timedelta(days=7)
    with books(), transaction():
        rows = _rows(begin, end)
        total = sum(minutes for *_, minutes in rows)
        last = end - timedelta(days=1)
        lines = [f"{user:10}{partner:15}{hours(minutes):>7}\n" for user, partner, minutes in rows]
        lines.append(f"{'Total':25}{hours(total):>7}\n")
        write_mail(BOOKKEEPER, f"Hours worked from {begin:%d.%m.%Y} to {last:%d.%m.%Y}", "".join(lines))
    return total


def _rows(begin: date, end: date) -> list[tuple[str, str, int]]:
    """User, partner, minutes: for each pair that has some, from `begin` to the day before `end`."""
    query: Any = (
        Work.select(User.username, Partner.name, fn.SUM(Work.minutes))
        .join(User)
        .switch(Work)
        .join(Partner)
        .where(Work.day >= begin, Work.day < end)
        .group_by(User.username, Partner.name)
        .order_by(User.username, Partner.name)
    )
    return list(query.tuples())


def hours(minutes: int) -> str:
    """A length of time as people read it: 12:30."""
    return f"{minutes // 60}:{minutes % 60:02}"
