"""When a task falls due: the time contract. Pure: the row, a moment and a zone in, a moment out.

The slots of a task are a function of its row alone. Intervals (secondly, minutely, hourly) are a grid of real seconds
from an anchor; everything longer is a rule for days, on naive local dates, with a time of day. Neither walks from its
start, so a call costs the same whatever the age of the anchor.
"""

from linod.recurrence.checks import SCHEDULE, BadRecurrence
from linod.recurrence.passed import Passed, last_slot, passed
from linod.recurrence.planning import get_next_suggested_date, plan, plan_after
from linod.recurrence.rule import TICK, Recurrence

__all__ = [
    "SCHEDULE",
    "TICK",
    "BadRecurrence",
    "Passed",
    "Recurrence",
    "get_next_suggested_date",
    "last_slot",
    "passed",
    "plan",
    "plan_after",
]
