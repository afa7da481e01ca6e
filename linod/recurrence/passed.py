"""Which slots of a rule passed between two moments: the first, the last, how many. The cost does not grow with them."""

from datetime import datetime
from typing import TYPE_CHECKING

from linod.recurrence.checks import INTERVALS
from linod.recurrence.days import DAY
from linod.recurrence.rule import TICK, Recurrence
from linod.tuples import NamedTuple

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

COUNTED = 1000
"""Steps after which counting is given up: slots of a calendar, days of an interval with a window."""


class Passed(NamedTuple):
    """A run of slots. `number` is how many, None when counting them would take more than COUNTED steps."""

    first: datetime
    last: datetime
    number: int | None


def last_slot(rule: Recurrence, first: datetime, until: datetime, zone: "ZoneInfo") -> datetime:
    """The last slot up to `until`, that moment included; `first` is one.

    Bisected: a year of seconds takes 25 steps.
    Raises  BadRecurrence, as `next_after`.
    """
    low, high = first, until
    while (slot := rule.next_after(low, zone)) is not None and slot <= until:
        low = slot
        middle = low + (high - low) / 2
        found = rule.next_after(middle, zone)
        if found is not None and found <= until:
            low = found
        else:
            high = middle
    return low


def passed(rule: Recurrence, first: datetime, until: datetime, zone: "ZoneInfo") -> Passed:
    """The slots from `first`, which is one, up to `until`, that moment included."""
    last = last_slot(rule, first, until, zone)
    return Passed(first, last, count(rule, first, last, zone))


def count(rule: Recurrence, first: datetime, last: datetime, zone: "ZoneInfo") -> int | None:
    """How many slots there are from one to another, both included."""
    if rule.unit in INTERVALS:
        paused = bool(rule.weekdays) or rule.end_time is not None
        return None if paused and last - first > COUNTED * DAY else rule.count_slots(first, last + TICK, zone)
    slot, found = first, 1
    while slot < last and found < COUNTED:
        slot = rule.next_after(slot, zone) or last
        found += 1
    return found if slot >= last else None
