"""The invoicing plugin of the demo: what its tasks make in the books."""

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from linod.demo.checkers import check_voucher
from linod.demo.database import books
from linod.demo.invoicing.invoices import CENTS_PER_MINUTE, make
from linod.demo.invoicing.tables import Delivery, Subscription
from linod.demo.office import Work
from linod.demo.tables import Change, Journal, Mail, Voucher, utcnow
from tests.process.site import BIN, Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "s")
    yield made
    made.close()


def vouchers(ref: str) -> list[Voucher]:
    """Those of a journal that the fixture has not made."""
    with books():
        first = {"SLS": 45}.get(ref, 0)
        journal = Journal.get(Journal.ref == ref)
        found = list(
            Voucher.select().where(Voucher.journal == journal, Voucher.number > first).order_by(Voucher.number)
        )
        assert [problem for voucher in found for problem in check_voucher(voucher)] == []
        assert all(voucher.partner for voucher in found)
    return found


def test_service_reports_take_the_hours_of_all_days_before_today(place: Path) -> None:
    with books():
        waiting = list(Work.select().where(Work.day < utcnow().date()))
        today = Work.select().where(Work.day == utcnow().date()).count()
    made = make("SRV", -1, 0)
    found = vouchers("SRV")
    assert [str(voucher) for voucher in found] == [name for name, _, _ in made]
    assert [voucher.number for voucher in found] == list(range(1, len({work.partner.id for work in waiting}) + 1))
    with books():
        assert Work.select().where(Work.voucher.is_null()).count() == today > 0
        net = sum(work.minutes for work in waiting) * CENTS_PER_MINUTE
    assert 0 <= net * 121 // 100 - sum(voucher.total for voucher in found) < len(found)  # VAT is cut per invoice
    assert make("SRV", -1, 0) == []  # nothing twice
    assert len(make("SRV", 0, 0)) > 0  # the hours of today, when a task wants them


def test_sales_invoices_have_one_voucher_a_partner_and_are_mailed(place: Path) -> None:
    made = make("SLS", -1, 1)
    year = (utcnow().date() + timedelta(days=1)).year
    assert made == [(f"SLS 46/{year}", "Bastiaensen", 6957), (f"SLS 47/{year}", "Ernst", 1082)]
    assert [voucher.date for voucher in vouchers("SLS")] == [utcnow().date() + timedelta(days=1)] * 2
    with books():
        assert [sold.text for sold in Delivery.select().where(Delivery.voucher.is_null())] == ["2 desks"]
        mail = Mail.select().order_by(-Mail.id).limit(2)[1]
        assert (mail.recipient, mail.subject) == ("bastiaensen@example.com", f"Your invoice SLS 46/{year}")
        assert re.sub(" +", " ", mail.body) == "20 folders 45.00\n1 stapler 12.50\nVAT 12.07\n"
        assert Change.select().where(Change.text == "2 vouchers of SLS").count() == 1


def test_a_subscription_is_invoiced_for_each_month_that_began(place: Path) -> None:
    today = date(2027, 3, 31)
    with books():
        Subscription.update(next_day=date(2027, 12, 1)).execute()
        Subscription.update(next_day=date(2027, 1, 31)).where(Subscription.amount == 15_000).execute()
    ((name, partner, total),) = make("SUB", 0, 0, today)
    assert (name, partner, total) == ("SUB 1/2027", "Charlier", 54_450)  # of 31.01., 28.02. and 28.03.
    with books():
        assert Subscription.get(Subscription.amount == 15_000).next_day == date(2027, 4, 28)
    assert make("SUB", 0, 0, today) == []


def test_a_journal_of_which_nothing_can_be_invoiced_is_an_error(place: Path) -> None:
    for ref in ("BNK", "XYZ"):
        with pytest.raises(ValueError, match=f"no journal {ref!r} of invoices; there are SRV, SLS, SUB"):
            make(ref, -1, 0)


def test_the_tasks_of_the_demo_site_make_invoices(site: Site, place: Path) -> None:
    """The site of `linod --settings linod.demo`, its three tasks put in as `make demo` does."""
    site.environ |= {"LINOD_DEMO_DIR": str(place)}
    linod = [str(BIN / "linod"), "--settings", "linod.demo"]
    environ = site.environment()
    assert subprocess.run([*linod, "prep"], env=environ, capture_output=True).returncode == 0
    for _ in range(2):  # the second time there is nothing to add
        program = [sys.executable, "-m", "linod.demo.invoicing.tasks"]
        done = subprocess.run(program, env=environ, capture_output=True, text=True, check=True)
        assert done.stdout == "The site has 3 invoicing tasks.\n"
    site.plugins, site.settings["database"] = (
        ["linod.demo", "linod.demo.invoicing"],
        f"sqlite:///{site.state}/linod.sqlite",
    )
    site.start()
    tasks = site.json("list", "--class", "invoicing.Task")["tasks"]
    assert [(task["seqno"], task["name"], task["own"]["journal"]) for task in tasks] == [
        (1, "Make Service reports (SRV)", "SRV"),
        (2, "Make Sales invoices (SLS)", "SLS"),
        (3, "Make Subscription invoices (SUB)", "SUB"),
    ]
    assert all(task["status"].startswith("Scheduled to run at ") for task in tasks)
    for task in tasks:
        job = site.run_now(task["name"])
        assert (job["outcome"], job["progress"]) == ("succeeded", None), job
    assert "INFO SLS 46/" in site.task("Make Sales invoices (SLS)")["message"]
    assert all(vouchers(ref) for ref in ("SRV", "SLS", "SUB"))
    assert site.ctl("set", "invoicing.Task#3", "journal=BNK").returncode == 0
    assert site.run_now("invoicing.Task#3")["outcome"] == "failed"
    assert site.task("invoicing.Task#3")["disabled"] and not site.task("invoicing.Task#2")["disabled"]
