"""Making invoices: of the hours worked, of deliveries, of subscriptions, each in a journal of its own."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from peewee import fn

from linod.demo.changes import record
from linod.demo.database import books, transaction
from linod.demo.fixture import VAT
from linod.demo.invoicing.tables import Delivery, Subscription
from linod.demo.mail import write_mail
from linod.demo.office import Work
from linod.demo.tables import Journal, Movement, Partner, Voucher, utcnow
from linod.tuples import NamedTuple

CENTS_PER_MINUTE = 100
"""What an hour of work costs: 60 euros."""

Made = tuple[str, str, int]
"""The name of an invoice, that of its partner, its total in cents."""


class Item(NamedTuple):
    """One line of an invoice. `done` marks what it stands for as invoiced."""

    partner: Partner
    text: str
    amount: int
    done: Callable[[Voucher], None]


def make(journal: str, max_date_offset: int, today_offset: int, today: date | None = None) -> list[Made]:
    """Make an invoice for each partner who has something to pay in a journal, and mail it.

    journal          the journal's ref.
    max_date_offset  what is dated up to so many days from today.
    today_offset     the invoices' date, in days from today.
    today            default the present day, in UTC.
    Raises           ValueError for a journal that there is not, or of which nothing can be invoiced.
    """
    today = today or utcnow().date()
    made = []
    with books(), transaction():
        found = Journal.get_or_none(Journal.ref == journal)
        if found is None or journal not in ITEMS:
            raise ValueError(f"there is no journal {journal!r} of invoices; there are {', '.join(ITEMS)}")
        items: dict[Partner, list[Item]] = defaultdict(list)
        for item in ITEMS[journal](today + timedelta(days=max_date_offset)):
            items[item.partner].append(item)
        for partner, lines in items.items():
            made.append(_invoice(found, partner, lines, today + timedelta(days=today_offset)))
        if made:
            record("run_invoicing_tasks", f"{len(made)} vouchers of {journal}")
    return made


def _invoice(journal: Journal, partner: Partner, lines: list[Item], day: date) -> Made:
    net = sum(line.amount for line in lines)
    vat = net * VAT // 100
    last = Voucher.select(fn.MAX(Voucher.number)).where(Voucher.journal == journal).scalar() or 0
    voucher = Voucher.create(
        journal=journal, number=last + 1, date=day, period=f"{day:%Y-%m}", partner=partner, total=net + vat
    )
    for account, debit, credit in (("customers", net + vat, 0), ("sales", 0, net), ("VAT due", 0, vat)):
        Movement.create(voucher=voucher, account=account, debit=debit, credit=credit)
    for line in lines:
        line.done(voucher)
    texts = "".join(f"{line.text:40}{line.amount / 100:10.2f}\n" for line in lines)
    write_mail(partner.email, f"Your invoice {voucher}", f"{texts}{'VAT':40}{vat / 100:10.2f}\n")
    return str(voucher), partner.name, net + vat


def _mark(row: Any) -> Callable[[Voucher], None]:
    """Sets the voucher of a row that has one."""

    def done(voucher: Voucher) -> None:
        row.voucher = voucher
        row.save()

    return done


def _work(until: date) -> Iterator[Item]:
    """Hours that were worked and not reported yet."""
    for work in Work.select().where(Work.voucher.is_null(), Work.day <= until).order_by(Work.day, Work.id):
        text = f"{work.day:%d.%m.%Y} {work.user.username}, {work.minutes} minutes"
        yield Item(work.partner, text, work.minutes * CENTS_PER_MINUTE, _mark(work))


def _deliveries(until: date) -> Iterator[Item]:
    for sold in Delivery.select().where(Delivery.voucher.is_null(), Delivery.day <= until).order_by(Delivery.id):
        yield Item(sold.partner, sold.text, sold.amount, _mark(sold))


def _subscriptions(until: date) -> Iterator[Item]:
    """Each month that has begun."""
    for subscription in Subscription.select().where(Subscription.next_day <= until).order_by(Subscription.id):
        begins = subscription.next_day
        while begins <= until:
            ends = _month_later(begins)
            text = f"{subscription.text}, {begins:%d.%m.%Y} to {ends - timedelta(days=1):%d.%m.%Y}"
            yield Item(subscription.partner, text, subscription.amount, _paid_until(subscription, ends))
            begins = ends


def _paid_until(subscription: Subscription, day: date) -> Callable[[Voucher], None]:
    def done(voucher: Voucher) -> None:
        subscription.next_day = day
        subscription.save()

    return done


def _month_later(day: date) -> date:
    from dateutil.relativedelta import relativedelta

    later: date = day + relativedelta(months=1)
    return later


ITEMS: dict[str, Callable[[date], Iterator[Item]]] = {"SRV": _work, "SLS": _deliveries, "SUB": _subscriptions}
"""Journal -> what waits for an invoice in it, up to a day."""
