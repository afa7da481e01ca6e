"""What the demo's books hold. Amounts are whole cents: sums of floats do not balance."""

import logging
from datetime import UTC, datetime
from typing import Any

from peewee import (
    AutoField,
    BooleanField,
    CharField,
    DateField,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    Model,
    SqliteDatabase,
    TextField,
)

log = logging.getLogger("lino")

database = SqliteDatabase(None)
"""Which file, says `linod.demo.database.books`. Nothing is opened at import: what is open then, every job inherits."""


def utcnow() -> datetime:
    """The moment as the tables keep it: UTC, naive."""
    return datetime.now(UTC).replace(tzinfo=None)


class Table(Model):
    """Base of all tables."""

    id = AutoField()

    class Meta:
        database = database


class Partner(Table):
    """A customer or a supplier."""

    name = CharField()
    email = CharField()


class Journal(Table):
    """A series of vouchers with numbers of its own."""

    ref = CharField(unique=True)
    name = CharField()
    needs_partner = BooleanField()


class Voucher(Table):
    """One document of a journal."""

    journal = ForeignKeyField(Journal, backref="vouchers")
    number = IntegerField()
    date = DateField()
    period = CharField()  # the month it counts for, "2026-03"
    partner = ForeignKeyField(Partner, null=True)
    total = IntegerField()

    movements: "list[Movement]"  # read with peewee.prefetch

    class Meta:
        indexes = ((("journal", "number"), True),)

    def save(self, *args: Any, **options: Any) -> Any:
        """Save it; the log has who changed a voucher that was there."""
        saved = super().save(*args, **options)
        if not options.get("force_insert"):
            log.info("Saved voucher %s.", self)
        return saved

    def __str__(self) -> str:
        return f"{self.journal.ref} {self.number}/{self.period[:4]}"


class Movement(Table):
    """One line of a voucher: an amount on the debit or the credit side of an account."""

    voucher = ForeignKeyField(Voucher, backref="movements", on_delete="CASCADE")
    account = CharField()
    debit = IntegerField(default=0)
    credit = IntegerField(default=0)


class Total(Table):
    """What the vouchers of a journal and a month sum up to; derived, see `summaries`."""

    journal = ForeignKeyField(Journal)
    period = CharField()
    vouchers = IntegerField()
    amount = IntegerField()

    class Meta:
        indexes = ((("journal", "period"), True),)


class Change(Table):
    """Who did what."""

    moment = DateTimeField(default=utcnow, index=True)
    user = CharField()
    text = CharField()


class Mail(Table):
    """The outbox. A mail waits while it is neither sent nor refused."""

    recipient = CharField()
    subject = CharField()
    body = TextField()
    created = DateTimeField(default=utcnow)
    sent = DateTimeField(null=True)
    refused = CharField(default="")  # why the server will never take it


TABLES = (Partner, Journal, Voucher, Movement, Total, Change, Mail)
