"""The office's first data, placed around the present: there always is something that comes soon, or is old."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

from linod.demo.office import Entry, Message, Series, User, Work
from linod.demo.tables import Partner, utcnow

USERS = (("robin", "often"), ("maria", "daily"), ("kai", "never"))

SERIES = (
    # whose, summary, unit, every, start_date, start_time
    ("robin", "Team meeting", "weekly", 1, date(2026, 1, 5), time(9, 30)),
    ("maria", "Declare the VAT", "monthly", 1, date(2026, 1, 20), time(14)),
    ("kai", "Try the backup", "daily", 2, date(2026, 1, 1), time(7, 15)),
)

ENTRIES = (
    # whose, summary, minutes from now
    ("robin", "Call Arens", 20),
    ("maria", "Visit of Ernst", 45),
    ("robin", "Lunch with Hilgers", 3 * 1_440),
    ("robin", "Bank", -1_440),
)

MESSAGES = (
    # whose, subject, days ago, days since it was read
    ("robin", "Voucher SLS 3/2026 was registered", 30, 29),
    ("maria", "Voucher PRC 9/2026 was registered", 21, 20),
    ("kai", "Voucher BNK 2/2026 was registered", 5, 4),
    ("kai", "Voucher BNK 3/2026 was registered", 40, None),
)

LETTERS = (
    ("Anna Arens <arens@example.com>", "Question about our last invoice", "When is it due?"),
    ("=?utf-8?q?Faymonville_Fr=C3=A8res?= <faymonville@example.com>", "=?utf-8?q?Livraison_re=C3=A7ue?=", "Thank you."),
    ("Somebody <somebody@example.net>", "A great offer", "Only today."),
)

WORKED_DAYS = 14
"""How many days of work there are, up to today."""


def fill_office() -> None:
    """Fill the office's empty tables, in the caller's transaction; the partners are there already."""
    users = {name: User.create(username=name, email=f"{name}@example.com", mail_mode=mode) for name, mode in USERS}
    now = utcnow().replace(second=0, microsecond=0)
    for name, summary, unit, every, day, clock in SERIES:
        Series.create(user=users[name], summary=summary, unit=unit, every=every, start_date=day, start_time=clock)
    for name, summary, minutes in ENTRIES:
        Entry.create(user=users[name], summary=summary, start=now + timedelta(minutes=minutes))
    for name, subject, age, since_read in MESSAGES:
        made = now - timedelta(days=age)
        read = None if since_read is None else now - timedelta(days=since_read)
        Message.create(user=users[name], subject=subject, created=made, seen=read, mailed=made)
    _add_work(list(users.values()), list(Partner.select().order_by(Partner.id)), now)


def _add_work(users: Sequence[User], partners: Sequence[Partner], now: datetime) -> None:
    for ago in range(WORKED_DAYS):
        for number, user in enumerate(users, 1):
            partner = partners[(ago + number) % len(partners)]
            Work.create(user=user, partner=partner, day=now.date() - timedelta(days=ago), minutes=60 + ago * number * 5)


def write_letters(inbox: Path) -> None:
    """Make a Maildir of the letters that came in before anybody read one (maildir(5)).

    Written by hand, in 0.5 ms: `mailbox` and `email` would take 50 to import, in the job that needs the books first.
    """
    for name in ("cur", "new", "tmp"):
        (inbox / name).mkdir(parents=True)
    for number, (sender, subject, text) in enumerate(LETTERS, 1):
        head = (
            f"From: {sender}\nTo: office@example.com\nSubject: {subject}\nMessage-ID: <{number}@sample.example.com>\n"
        )
        (inbox / "new" / f"{number}.sample.example").write_text(f"{head}\n{text}\n")
