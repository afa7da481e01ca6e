"""The first data: what waits for an invoice, placed around the present, so that there always is something."""

from datetime import timedelta

from linod.demo.invoicing.tables import Delivery, Subscription
from linod.demo.tables import Partner, utcnow

DELIVERIES = (
    # number of the partner, what, days ago, cents
    (1, "20 folders", 3, 4_500),
    (1, "1 stapler", 2, 1_250),
    (4, "500 sheets of paper", 1, 895),
    (6, "2 desks", 0, 59_800),  # of today: not before tomorrow
)

SUBSCRIPTIONS = (
    # number of the partner, what, cents, how many days ago the month began
    (2, "Support", 15_000, 5),
    (3, "Hosting", 2_900, 40),  # two months are to be paid
    (5, "Hosting", 2_900, -10),
)


def fill_sales() -> None:
    """Fill the empty tables, in the caller's transaction; the partners are there already."""
    partners = list(Partner.select().order_by(Partner.id))
    today = utcnow().date()
    for number, text, ago, amount in DELIVERIES:
        Delivery.create(partner=partners[number], text=text, day=today - timedelta(days=ago), amount=amount)
    for number, text, amount, ago in SUBSCRIPTIONS:
        Subscription.create(partner=partners[number], text=text, amount=amount, next_day=today - timedelta(days=ago))
