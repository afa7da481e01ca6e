"""Who works in the demo's office: the calendar, the messages to its users, their hours, and the letters that came in.

Moments are UTC, as everywhere in the demo's tables.
"""

from peewee import CharField, DateField, DateTimeField, ForeignKeyField, IntegerField, TimeField

from linod.demo.tables import Partner, Table, Voucher, utcnow


class User(Table):
    """Somebody who works here."""

    username = CharField(unique=True)
    email = CharField()
    mail_mode = CharField()  # how messages reach them by mail: often, daily, never


class Message(Table):
    """Something that a user should know of."""

    user = ForeignKeyField(User)
    subject = CharField()
    created = DateTimeField(default=utcnow)
    seen = DateTimeField(null=True)  # when the user read it
    mailed = DateTimeField(null=True)


class Series(Table):
    """A recurrence: what `generate_calendar_entries` makes entries of."""

    user = ForeignKeyField(User)
    summary = CharField()
    unit = CharField()  # daily, weekly, monthly
    every = IntegerField(default=1)
    start_date = DateField()
    start_time = TimeField()
    end_date = DateField(null=True)


class Entry(Table):
    """An entry of the calendar."""

    user = ForeignKeyField(User)
    summary = CharField()
    start = DateTimeField(index=True)
    series = ForeignKeyField(Series, null=True)  # what it was generated from
    notified = DateTimeField(null=True)  # when its user got a message about it

    class Meta:
        indexes = ((("series", "start"), True),)


class Work(Table):
    """How long a user worked for a partner on one day."""

    user = ForeignKeyField(User)
    partner = ForeignKeyField(Partner)
    day = DateField(index=True)
    minutes = IntegerField()
    voucher = ForeignKeyField(Voucher, null=True)  # the service report that has them


class Letter(Table):
    """A mail that was received."""

    message_id = CharField(unique=True)
    sender = CharField()
    partner = ForeignKeyField(Partner, null=True)  # who has that address
    subject = CharField()
    received = DateTimeField(default=utcnow)


OFFICE = (User, Message, Series, Entry, Work, Letter)
