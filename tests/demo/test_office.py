"""The calendar, the messages and the hours: what each procedure finds, and what it leaves."""

from datetime import date, datetime, time, timedelta
from pathlib import Path

from linod.demo import calendar, messages, reports
from linod.demo.database import books, transaction
from linod.demo.models import (
    clear_seen_messages,
    event_notification_scheduler,
    generate_calendar_entries,
    send_pending_emails_daily,
    send_pending_emails_often,
    send_weekly_report,
)
from linod.demo.office import Entry, Message, Series, User, Work
from linod.demo.tables import Mail
from linod.testing import run_procedure

MONDAY = datetime(2026, 11, 23, 8)


def entries() -> list[tuple[str, str]]:
    """Those that were generated, as (start, summary)."""
    with books():
        found = Entry.select().where(Entry.series.is_null(False)).order_by(Entry.start)
        return [(f"{entry.start:%m-%d %H:%M}", entry.summary) for entry in found]


def subjects() -> list[str]:
    with books():
        return [message.subject for message in Message.select().order_by(Message.id)]


def outbox() -> list[tuple[str, str, str]]:
    """What was written since the first data."""
    with books():
        return [(mail.recipient, mail.subject, mail.body) for mail in Mail.select().where(Mail.id > 1)]


def test_calendar_entries_come_from_the_recurrences_once(place: Path) -> None:
    assert entries() == []
    assert calendar.generate(MONDAY) == (21, 0)

    made = entries()
    assert [moment for moment, summary in made if summary == "Team meeting"] == [
        *("11-23 09:30", "11-30 09:30", "12-07 09:30", "12-14 09:30", "12-21 09:30")
    ]
    assert [moment for moment, summary in made if summary == "Declare the VAT"] == ["12-20 14:00"]
    assert made[:2] == [("11-23 09:30", "Team meeting"), ("11-25 07:15", "Try the backup")]
    assert calendar.generate(MONDAY) == (0, 0)
    assert calendar.generate(MONDAY + timedelta(days=2)) == (1, 0)


def test_an_edited_recurrence_takes_its_coming_entries_away_and_no_past_ones(place: Path) -> None:
    calendar.generate(MONDAY)
    with books(), transaction():
        Series.update(end_date=date(2026, 12, 7)).where(Series.summary == "Team meeting").execute()
        Series.update(start_time=time(8)).where(Series.summary == "Declare the VAT").execute()

    assert calendar.generate(datetime(2026, 11, 30, 12)) == (4, 3)
    left = entries()
    assert [moment for moment, summary in left if summary == "Team meeting"] == [
        "11-23 09:30",
        "11-30 09:30",
        "12-07 09:30",
    ]
    assert [moment for moment, summary in left if summary == "Declare the VAT"] == ["12-20 08:00"]


def test_the_procedure_fills_the_calendar_of_today(place: Path) -> None:
    ran = run_procedure(generate_calendar_entries)
    made = len(entries())
    assert made >= 15 + 4  # each second day and each week; 30 days may be without a 20th
    assert ran.log == (f"INFO Calendar of the next 30 days: {made} entries made, 0 taken away.",)


def test_who_has_an_entry_within_the_hour_gets_one_message(place: Path) -> None:
    before = subjects()
    ran = run_procedure(event_notification_scheduler)

    assert ran.log == ("INFO Wrote 2 messages about what begins soon.",)
    new = subjects()[len(before) :]
    assert [text.partition(",")[0] for text in new] == ["Call Arens", "Visit of Ernst"]
    assert run_procedure(event_notification_scheduler).log == ("INFO Wrote 0 messages about what begins soon.",)


def test_an_entry_is_told_of_from_an_hour_before_to_its_begin(place: Path) -> None:
    with books(), transaction():
        Entry.delete().execute()
        Entry.create(user=1, summary="Audit", start=MONDAY)
    assert calendar.notify(MONDAY - timedelta(minutes=61)) == 0
    assert calendar.notify(MONDAY) == 0  # it has begun: nobody needs to be told
    assert calendar.notify(MONDAY - timedelta(minutes=60)) == 1
    assert subjects()[-1] == "Audit, today at 08:00 UTC"


def test_each_message_becomes_a_mail_to_who_wants_it_at_once(place: Path) -> None:
    run_procedure(event_notification_scheduler)
    run_procedure(send_pending_emails_often)

    [(recipient, subject, _)] = outbox()
    assert recipient == "robin@example.com" and subject.startswith("Call Arens, today at ")
    run_procedure(send_pending_emails_often)
    assert len(outbox()) == 1
    delivered = [file.read_text() for file in (place / "Maildir" / "new").iterdir()]
    assert len(delivered) == 2 and any("To: robin@example.com" in text for text in delivered)


def test_a_digest_has_all_new_messages_of_who_wants_one_mail_a_day(place: Path) -> None:
    run_procedure(event_notification_scheduler)
    with books(), transaction():
        for name, subject in [("maria", "Look at PRC 12/2026"), ("kai", "Look at BNK 4/2026")]:
            Message.create(user=User.get(User.username == name), subject=subject)
    ran = run_procedure(send_pending_emails_daily)

    assert ran.log == ("INFO Wrote 1 digests.",)
    [(recipient, subject, body)] = outbox()
    assert (recipient, subject) == ("maria@example.com", "Your messages (2)")
    assert "Visit of Ernst, today at " in body and "Look at PRC 12/2026" in body
    assert run_procedure(send_pending_emails_daily).log == ("INFO Wrote 0 digests.",)


def test_what_its_user_has_read_is_not_mailed(place: Path) -> None:
    run_procedure(event_notification_scheduler)
    with books(), transaction():
        Message.update(seen=MONDAY).execute()
    assert (messages.mail_each(), messages.mail_digests()) == (0, 0)


def test_messages_are_cleared_when_they_were_read_long_ago(place: Path) -> None:
    assert len(subjects()) == 4
    ran = run_procedure(clear_seen_messages)

    assert ran.log == ("INFO Deleted 2 messages that were read more than 14 days ago.",)
    assert subjects() == ["Voucher BNK 2/2026 was registered", "Voucher BNK 3/2026 was registered"]  # the last unread


def test_the_weekly_report_sums_up_seven_days(place: Path) -> None:
    with books(), transaction():
        Work.delete().execute()
        for user, partner, day, minutes in [
            (1, 2, 16, 90),
            (1, 2, 22, 45),
            (2, 1, 20, 600),
            (2, 1, 15, 7),
            (2, 1, 23, 7),
        ]:
            Work.create(user=user, partner=partner, day=date(2026, 11, day), minutes=minutes)
    assert reports.send_week(MONDAY.date()) == 735

    [(recipient, subject, body)] = outbox()
    assert (recipient, subject) == ("bookkeeper@example.com", "Hours worked from 16.11.2026 to 22.11.2026")
    assert [line.split() for line in body.splitlines()] == [
        ["maria", "Arens", "10:00"],
        ["robin", "Bastiaensen", "2:15"],
        ["Total", "12:15"],
    ]


def test_the_procedure_reports_the_week_that_ended_yesterday(place: Path) -> None:
    ran = run_procedure(send_weekly_report)
    [(_, _, body)] = outbox()
    assert ran.log == (f"INFO Reported {body.split()[-1]} hours of work.",)
    assert len(body.splitlines()) > 7
