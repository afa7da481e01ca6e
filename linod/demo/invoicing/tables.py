"""What there is to invoice, beside the hours of `linod.demo.office.Work`: deliveries and subscriptions."""

from peewee import CharField, DateField, ForeignKeyField, IntegerField

from linod.demo.tables import Partner, Table, Voucher


class Delivery(Table):
    """Something that a partner got, and pays for once."""

    partner = ForeignKeyField(Partner)
    text = CharField()
    day = DateField()
    amount = IntegerField()  # cents, without VAT
    voucher = ForeignKeyField(Voucher, null=True)  # the invoice


class Subscription(Table):
    """Something that a partner pays for each month."""

    partner = ForeignKeyField(Partner)
    text = CharField()
    amount = IntegerField()
    next_day = DateField()  # from which the next month is to be paid


SALES = (Delivery, Subscription)
