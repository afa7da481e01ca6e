"""Totals of the vouchers, per journal and month: derived data, rebuilt as a whole."""

from collections.abc import Callable
from typing import Any

from peewee import fn

from linod.demo.database import books, transaction
from linod.demo.tables import Journal, Total, Voucher


def rebuild(progress: Callable[[int, int], None]) -> int:
    """Rebuild every total, in one transaction for each journal.

    progress  told the number of journals done, and that of all.
    Returns   how many totals have changed, the new ones and the deleted ones included.
    """
    changed = 0
    with books():
        journals = list(Journal.select())
        for done, journal in enumerate(journals, 1):
            with transaction():
                changed += _rebuild(journal)
            progress(done, len(journals))
    return changed


def _rebuild(journal: Journal) -> int:
    """Rebuild the totals of one journal, in the caller's transaction. Returns how many have changed."""
    sums = Voucher.select(Voucher.period, fn.COUNT(Voucher.id), fn.SUM(Voucher.total)).where(Voucher.journal == journal)
    stored = Total.select(Total.period, Total.vouchers, Total.amount).where(Total.journal == journal)
    new, old = _rows(sums.group_by(Voucher.period)), _rows(stored)
    Total.delete().where(Total.journal == journal).execute()
    for period, vouchers, amount in sorted(new):
        Total.create(journal=journal, period=period, vouchers=vouchers, amount=amount)
    return len({period for period, _, _ in new ^ old})


def _rows(query: Any) -> set[tuple[str, int, int]]:
    """Month, number of vouchers, sum of their totals."""
    return set(query.tuples())
