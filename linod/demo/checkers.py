"""Data checkers: what can be wrong with a voucher."""

from collections.abc import Iterator

from peewee import prefetch

from linod import BaseRequest
from linod.demo.changes import record
from linod.demo.database import books, transaction
from linod.demo.mail import write_mail
from linod.demo.tables import Movement, Voucher


def check_voucher(voucher: Voucher) -> Iterator[str]:
    """Each problem of one voucher, in words that follow its name."""
    if voucher.journal.needs_partner and voucher.partner is None:
        yield "has no partner"
    if voucher.date.strftime("%Y-%m") != voucher.period:
        yield f"is dated {voucher.date}, outside its period {voucher.period}"
    if not voucher.movements:
        yield "has no movements"
        return
    debit = sum(movement.debit for movement in voucher.movements)
    credit = sum(movement.credit for movement in voucher.movements)
    if debit != credit:
        yield f"is not balanced: debit {euros(debit)}, credit {euros(credit)}"
    if debit != voucher.total:
        yield f"says its total is {euros(voucher.total)}, but its movements make {euros(debit)}"


CHECKERS = (check_voucher,)


def check_data(ar: BaseRequest) -> int:
    """Run all checkers on all vouchers, name the problems, and mail the list to the bookkeeper.

    Returns  the number of problems.
    """
    with books():
        vouchers = prefetch(Voucher.select().order_by(Voucher.id), Movement.select())
        ar.info("Run %d data checkers on %d Vouchers...", len(CHECKERS), len(vouchers))
        problems = []
        for done, voucher in enumerate(vouchers, 1):
            for check in CHECKERS:
                problems += [f"{voucher} {problem}" for problem in check(voucher)]
            if done % 10 == 0:
                ar.progress(done, len(vouchers))
        for problem in problems:
            ar.warning("%s.", problem)
        with transaction():
            record("checkdata", f"{len(problems)} problems in {len(vouchers)} vouchers")
            if problems:
                write_mail("bookkeeper@example.com", f"{len(problems)} data problems", "\n".join(problems))
    return len(problems)


def euros(cents: int) -> str:
    """An amount as people read it."""
    return f"{cents // 100}.{cents % 100:02}"
