"""The demo's procedures, run as their tests would be in anybody's plugin."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from linod.demo.changes import KEEP_DAYS
from linod.demo.database import books, transaction
from linod.demo.fixture import MISTAKES
from linod.demo.models import checkdata, checksummaries, delete_older_changes, send_pending_emails_often
from linod.demo.tables import Change, Mail, Total, Voucher, utcnow
from linod.testing import run_procedure

DAILY = "every=1, every_unit=daily"
SYSTEM = "linod.SystemTask"


LIST = """
import linod.demo.models, linod.demo.invoicing.models
from linod.procedures import procedures
for p in procedures.ordered():
    print(p.plugin, p.name, p.class_name, p.suggested, p.during_initdb, p.problem, sep="|")
"""
"""In a process of its own: a site has one plugin with a procedure checkdata, this one imports two."""


def test_the_demo_registers_the_procedures_of_linos_page_in_its_order() -> None:
    told = subprocess.run([sys.executable, "-c", LIST], check=True, capture_output=True, text=True).stdout
    assert [tuple(line.split("|")) for line in told.splitlines()] == [
        (
            "linod.demo" if class_name == SYSTEM else "linod.demo.invoicing",
            name,
            class_name,
            suggested,
            str(during_initdb),
            "",
        )
        for name, class_name, suggested, during_initdb in (
            ("event_notification_scheduler", SYSTEM, "every=300, every_unit=secondly", True),
            ("generate_calendar_entries", SYSTEM, DAILY, False),
            ("checksummaries", SYSTEM, DAILY, True),
            ("checkdata", SYSTEM, DAILY, False),
            ("send_weekly_report", SYSTEM, "every=1, every_unit=weekly, saturday=True, start_time=04:00", True),
            ("delete_older_changes", SYSTEM, DAILY, True),
            ("send_pending_emails_often", SYSTEM, "every=10, every_unit=secondly", False),
            ("send_pending_emails_daily", SYSTEM, DAILY, False),
            ("clear_seen_messages", SYSTEM, DAILY, True),
            ("read_inbox", SYSTEM, "every=300, every_unit=secondly", True),
            ("run_invoicing_tasks", "invoicing.Task", DAILY, True),
        )
    ]


def test_checkdata_names_every_wrong_voucher_and_no_other(place: Path) -> None:
    ran = run_procedure(checkdata)

    assert ran.log[0] == "INFO Run 1 data checkers on 110 Vouchers..."
    named = {tuple(line.split()[1:3]) for line in ran.log[1:]}
    assert named == {(ref, f"{number}/2026") for ref, number in MISTAKES}
    assert (ran.outcome.state, ran.outcome.message) == ("warned", "10 data problems")
    assert ran.progress[-1] == (110, 110)


def test_checkdata_says_what_is_wrong(place: Path) -> None:
    log = run_procedure(checkdata).log
    assert "WARNING SLS 7/2026 is not balanced: debit 375.49, credit 374.49." in log
    assert "WARNING SLS 23/2026 has no partner." in log
    assert "WARNING SLS 41/2026 is dated 2026-12-09, outside its period 2026-11." in log
    assert "WARNING PRC 4/2026 says its total is 249.49, but its movements make 240.49." in log
    assert "WARNING PRC 18/2026 has no movements." in log


def test_checkdata_on_good_books_succeeds_and_mails_nothing(place: Path) -> None:
    with books(), transaction():
        wrong = [voucher.id for voucher in Voucher.select() if (voucher.journal.ref, voucher.number) in MISTAKES]
        Voucher.delete().where(Voucher.id.in_(wrong)).execute()
    ran = run_procedure(checkdata)
    assert ran.log == ("INFO Run 1 data checkers on 101 Vouchers...",)
    assert ran.outcome.state == "succeeded"
    with books():
        assert Mail.select().count() == 1


def test_checksummaries_rebuilds_the_totals(place: Path) -> None:
    assert run_procedure(checksummaries).log == ("INFO Rebuilt the totals of all journals, 42 of them changed.",)
    with books(), transaction():
        assert sum(total.vouchers for total in Total.select()) == 110
        assert sum(total.amount for total in Total.select()) == sum(voucher.total for voucher in Voucher.select())
        Total.update(amount=0).where(Total.id == 1).execute()
        Total.delete().where(Total.id == 2).execute()
    ran = run_procedure(checksummaries)
    assert ran.log == ("INFO Rebuilt the totals of all journals, 2 of them changed.",)
    assert ran.progress == ((1, 6), (2, 6), (3, 6), (4, 6), (5, 6), (6, 6))


def test_delete_older_changes_keeps_the_younger_ones(place: Path) -> None:
    assert run_procedure(delete_older_changes).log == ("INFO Deleted 30 changes that were older than 90 days.",)
    with books():
        assert Change.select().count() == KEEP_DAYS
        assert all(change.moment > utcnow() - timedelta(days=KEEP_DAYS) for change in Change.select())
    assert run_procedure(delete_older_changes).log == ("INFO Deleted 0 changes that were older than 90 days.",)


def test_the_problems_are_mailed_to_the_bookkeeper(place: Path) -> None:
    run_procedure(checkdata)
    run_procedure(send_pending_emails_often)
    letters = [file.read_text() for file in (place / "Maildir" / "new").iterdir()]
    report = next(letter for letter in letters if "To: bookkeeper@example.com" in letter)
    assert "Subject: 10 data problems" in report
    assert "SLS 23/2026 has no partner" in report
