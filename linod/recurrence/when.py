"""How often a task runs, in words: the column "When". Pure.

The words are those of Lino's weekdays_text, without its defects: there a unit of seconds has no text, every third week
reads "Every week", and positions hide `every`.
"""

from datetime import date
from functools import lru_cache
from typing import Any

from linod.recurrence.checks import INTERVALS, WEEKDAYS, BadRecurrence
from linod.recurrence.reasons import ordinal, shown
from linod.recurrence.rule import Recurrence
from linod.tasks import Task

NOT_SPECIFIED = "Not specified"

WORKING_DAYS = (0, 1, 2, 3, 4)

_SCHEDULE = slice(Task._fields.index("every_unit"), Task._fields.index("time_zone") + 1)

_NOUNS = {"daily": "day", "weekly": "week", "monthly": "month", "yearly": "year", "easter": "year"}

_ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth"}


def when(task: Task) -> str:
    """How often a task runs: "Every 10 seconds", "Every 3 weeks on Monday and Wednesday", "Every working day".

    Returns  "Not specified" for a schedule that cannot be followed; the status says why. The time of the day, and the
             dates between which it holds, are columns of their own.
    Source   Lino's linod page, "System tasks", column When of invoicing.Task.
    """
    return _said(task[_SCHEDULE])


@lru_cache(maxsize=256)
def _said(schedule: tuple[Any, ...]) -> str:
    """Once for all tasks of a list that are alike: most have one of a few schedules, and reading one takes 15 us."""
    task = Task("", 0, 0, "", "", *schedule)
    try:
        return words(Recurrence.of(task))
    except BadRecurrence:
        return NOT_SPECIFIED


def words(rule: Recurrence) -> str:
    """The same, of a recurrence."""
    if rule.unit == "never":
        return "Never"
    if rule.unit == "once":
        return _once(rule)
    if rule.unit in INTERVALS:
        return _each(rule.every, rule.unit.removesuffix("ly")) + _only(rule.weekdays) + _window(rule)
    return _calendar(rule) + _window(rule)


def _calendar(rule: Recurrence) -> str:
    unit, every = rule.unit, rule.every
    if rule.positions:
        days, noun = f"{_places(rule.positions)} {_one_of(rule.weekdays)}", _NOUNS[unit]
        return f"Every {days} of the {noun}" if every == 1 else f"Every {every} {noun}s on the {days}"
    if unit == "daily":
        if every == 1 and rule.weekdays == WORKING_DAYS:
            return "Every working day"
        return f"Every {_ordinal_word(every)}day{_only(rule.weekdays)}"
    if unit == "weekly" and rule.weekdays:
        return _weekly(every, rule.weekdays)
    easter = " (with Easter)" if unit == "easter" else ""
    return _each(every, _NOUNS[unit]) + easter + _only(rule.weekdays)


def _weekly(every: int, weekdays: tuple[int, ...]) -> str:
    if len(weekdays) == 1:
        return f"Every {_ordinal_word(every)}{_name(weekdays[0])}"
    if weekdays == WORKING_DAYS:
        return "Every working day" if every == 1 else f"Every {every} weeks on each working day"
    days = _joined([_name(day) for day in weekdays], "and")
    return f"Every {days}" if every == 1 else f"Every {every} weeks on {days}"


def _once(rule: Recurrence) -> str:
    start, end = rule.start_date, rule.end_date
    if start is None:  # which `Recurrence.of` refuses
        return NOT_SPECIFIED
    if not rule.weekdays:
        return f"On {WEEKDAYS[start.weekday()].capitalize()}, {start.day} {start:%B %Y}"
    span = f"Once starting on {_day(start)}" if end is None else f"Once from {_day(start)} to {_day(end)}"
    return span + _only(rule.weekdays)


def _each(every: int, noun: str) -> str:
    return f"Every {noun}" if every == 1 else f"Every {every} {noun}s"


def _ordinal_word(every: int) -> str:
    """ "second " of "Every second day"; nothing for each one."""
    return "" if every == 1 else f"{_ORDINALS.get(every, ordinal(every))} "


def _places(positions: tuple[int, ...]) -> str:
    """Positions in words, from the front before those from the back: "first, third and last"."""
    ordered = sorted(positions, key=lambda place: (place < 0, abs(place)))
    return _joined([_place(place) for place in ordered], "and")


def _place(place: int) -> str:
    if place == -1:
        return "last"
    number = _ORDINALS.get(abs(place), ordinal(abs(place)))
    return number if place > 0 else f"{number} last"


def _one_of(weekdays: tuple[int, ...]) -> str:
    """What positions count: the first "Monday or Friday" is one day, not two."""
    if weekdays == WORKING_DAYS:
        return "working day"
    return _joined([_name(day) for day in weekdays], "or") if weekdays else "day"


def _only(weekdays: tuple[int, ...]) -> str:
    return f" (only {_joined([_name(day) for day in weekdays], 'and')})" if weekdays else ""


def _window(rule: Recurrence) -> str:
    return "" if rule.end_time is None else f" from {shown(rule.opening)} to {shown(rule.end_time)}"


def _joined(words: list[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def _name(weekday: int) -> str:
    return WEEKDAYS[weekday].capitalize()


def _day(day: date) -> str:
    return f"{day:%d.%m.%Y}"
