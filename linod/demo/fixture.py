"""The first data: 110 vouchers of the year 2026, the same each time, nine of them wrong."""

from collections.abc import Iterator
from datetime import date, timedelta

from linod.demo.tables import Change, Journal, Mail, Movement, Partner, Voucher, utcnow

YEAR = 2026
VAT = 21  # per cent

PARTNERS = ("Arens", "Bastiaensen", "Charlier", "Demeulenaere", "Ernst", "Faymonville", "Groteclaes", "Hilgers")

JOURNALS = (
    # ref, name, needs a partner, number of vouchers
    ("SLS", "Sales invoices", True, 45),
    ("PRC", "Purchase invoices", True, 35),
    ("BNK", "Bank statements", True, 24),
    ("MSC", "Miscellaneous", False, 6),
    ("SRV", "Service reports", True, 0),  # linod.demo.invoicing makes these two
    ("SUB", "Subscription invoices", True, 0),
)

MISTAKES = {
    ("SLS", 7): ("unbalanced",),
    ("SLS", 23): ("no partner",),
    ("SLS", 41): ("wrong period",),
    ("PRC", 4): ("wrong total",),
    ("PRC", 18): ("empty",),
    ("PRC", 30): ("no partner",),
    ("BNK", 11): ("unbalanced",),
    ("BNK", 20): ("wrong period", "wrong total"),
    ("MSC", 2): ("wrong total",),
}


def fill() -> None:
    """Fill the empty tables, in the caller's transaction."""
    partners = [Partner.create(name=name, email=f"{name.lower()}@example.com") for name in PARTNERS]
    for ref, name, needs_partner, count in JOURNALS:
        journal = Journal.create(ref=ref, name=name, needs_partner=needs_partner)
        for number in range(1, count + 1):
            partner = partners[number % len(partners)] if needs_partner else None
            _add(journal, number, partner, 12 * (number - 1) // count + 1)
    _add_changes()
    Mail.create(recipient="arens@example.com", subject="Your invoice SLS 1/2026", body="Please find it on our site.")


def _add(journal: Journal, number: int, partner: Partner | None, month: int) -> None:
    """Add one voucher with its movements, mistakes included."""
    mistakes = MISTAKES.get((journal.ref, number), ())
    lines = [] if "empty" in mistakes else list(_lines(journal.ref, 5_000 + number * 3_719 % 90_000))
    total = sum(debit for _, debit, _ in lines) or 12_100
    booked = date(YEAR, month, 1 + number * 7 % 28)
    voucher = Voucher.create(
        journal=journal,
        number=number,
        date=booked + timedelta(days=31) if "wrong period" in mistakes else booked,
        period=f"{YEAR}-{month:02}",
        partner=None if "no partner" in mistakes else partner,
        total=total + 900 if "wrong total" in mistakes else total,
    )
    if "unbalanced" in mistakes:
        account, debit, credit = lines[-1]
        lines[-1] = (account, debit, credit - 100)
    for account, debit, credit in lines:
        Movement.create(voucher=voucher, account=account, debit=debit, credit=credit)


def _lines(ref: str, net: int) -> Iterator[tuple[str, int, int]]:
    """The movements of a voucher as (account, debit, credit), in cents."""
    vat = net * VAT // 100
    if ref == "SLS":
        yield from (("customers", net + vat, 0), ("sales", 0, net), ("VAT due", 0, vat))
    elif ref == "PRC":
        yield from (("purchases", net, 0), ("VAT deductible", vat, 0), ("suppliers", 0, net + vat))
    elif ref == "BNK":
        yield from (("bank", net, 0), ("customers", 0, net))
    else:
        yield from (("depreciation", net, 0), ("equipment", 0, net))


def _add_changes() -> None:
    """A log of the last 120 days, counted from now: so there always is something to prune."""
    for days in range(120):
        Change.create(moment=utcnow() - timedelta(days=days), user="robin", text=f"Edited partner {days % 8 + 1}")
