"""What a row may not say: combinations of its schedule columns that no moment fulfils."""

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from linod.errors import BadValue, near
from linod.recurrence.days import LAST_EASTER, LAST_YEAR, DayRule, easter_of, month_length, pick

if TYPE_CHECKING:
    from datetime import date, time
    from zoneinfo import ZoneInfo

    from linod.tasks import Task

INTERVALS = {"secondly": timedelta(seconds=1), "minutely": timedelta(minutes=1), "hourly": timedelta(hours=1)}
CALENDAR = ("daily", "weekly", "monthly", "yearly", "easter")
UNITS = ("never", "once", *INTERVALS, *CALENDAR, "per_weekday")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

SCHEDULE = frozenset(
    {"every_unit", "every", "positions", *WEEKDAYS, "max_events"}
    | {"start_date", "start_time", "end_date", "end_time", "time_zone"}
)
"""The columns of a row that make its recurrence."""

FIRST_YEAR = 1900
_PERIOD_DAYS = {"daily": 1, "weekly": 7, "monthly": 31, "yearly": 366, "easter": 366}
_LONGEST = timedelta(days=36525)


class BadRecurrence(BadValue):
    """A schedule that cannot be followed.

    column  the column to change.
    reason  why, in words for people.
    """

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column}: {reason}")
        self.column = column
        self.reason = reason


def parse_positions(text: str) -> tuple[int, ...]:
    """The numbers of the column `positions`: "1 3", "-1"; commas are taken for spaces."""
    try:
        positions = sorted({int(word) for word in text.replace(",", " ").split()})
    except ValueError:
        raise BadRecurrence("positions", f"{text!r} is not a list of whole numbers such as '1 -1'") from None
    if 0 in positions:
        raise BadRecurrence("positions", "0 is no position; 1 is the first, -1 the last")
    return tuple(positions)


def zone_named(name: str) -> "ZoneInfo":
    """The zone of the column `time_zone`."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: "Europe" is a directory
        cure = near(name, available_timezones(), "`timedatectl list-timezones` lists the names")
        raise BadRecurrence("time_zone", f"unknown time zone {name!r}; {cure}") from None


def check(task: "Task", unit: str, weekdays: tuple[int, ...], positions: tuple[int, ...]) -> None:
    """Raise `BadRecurrence` when the row's columns cannot hold together.

    unit, weekdays, positions  as read from the row.
    """
    _check_every(task.every, unit)
    _check_dates(task, unit, weekdays)
    if unit == "easter" and task.start_date is not None:
        _check_easter(task.start_date, weekdays)
    if positions:
        _check_positions(task, unit, weekdays, positions)
    if task.max_events is not None and task.max_events < 0:
        raise BadRecurrence("max_events", f"{task.max_events} is below 0")
    if task.end_time is not None:
        _check_window(task.start_time, task.end_time, unit)


def _check_window(start: "time | None", end: "time", unit: str) -> None:
    if unit in INTERVALS and end == (start or end.min):
        raise BadRecurrence("end_time", "the daily window from start_time to end_time has no length")
    if unit == "once" and start is None:
        raise BadRecurrence("end_time", "once has no daily window; empty it")


def _check_every(every: int, unit: str) -> None:
    if every < 1:
        raise BadRecurrence("every", f"must be 1 or more, not {every}")
    if unit in INTERVALS or unit in _PERIOD_DAYS:
        one = INTERVALS.get(unit) or timedelta(days=_PERIOD_DAYS[unit])
        if every > _LONGEST // one:
            raise BadRecurrence("every", f"{every} with {unit} is more than 100 years")


def _check_dates(task: "Task", unit: str, weekdays: tuple[int, ...]) -> None:
    start, end = task.start_date, task.end_date
    if unit in ("once", "easter") and start is None:
        what = "its day" if unit == "once" else "the day whose distance from Easter it keeps"
        raise BadRecurrence("start_date", f"{unit} needs {what}")
    if start is not None and not FIRST_YEAR <= start.year <= LAST_YEAR:
        raise BadRecurrence("start_date", f"its year is not from {FIRST_YEAR} to {LAST_YEAR}")
    if unit == "daily" and start is not None and weekdays and task.every % 7 == 0 and start.weekday() not in weekdays:
        always = _name(start.weekday())
        raise BadRecurrence("every", f"each {task.every} days from start_date is a {always}, which is not flagged")
    if start is not None and end is not None and end < start:
        raise BadRecurrence("end_date", f"{end} is before start_date {start}")


def _check_positions(task: "Task", unit: str, weekdays: tuple[int, ...], positions: tuple[int, ...]) -> None:
    if unit not in ("weekly", "monthly", "yearly"):
        raise BadRecurrence("positions", f"{unit} has none; empty it, or take weekly, monthly or yearly")
    month = task.start_date.month if task.start_date and unit == "monthly" and task.every % 12 == 0 else None
    for position in positions:
        if not _exists(unit, month, weekdays, position):
            days = f" of {', '.join(map(_name, weekdays))}" if weekdays else ""
            raise BadRecurrence("positions", f"{position} never comes: no {unit[:-2]} has so many days{days}")
    start = task.start_date
    if unit == "yearly" and task.every % 4 == 0 and start is not None:  # may never meet a leap year
        first = DayRule(unit, task.every, start, weekdays, positions).next(start)
        if first is None:
            raise BadRecurrence("positions", f"{task.positions} is in none of the years counted from start_date")


@lru_cache(maxsize=256)
def _exists(unit: str, month: int | None, weekdays: tuple[int, ...], position: int) -> bool:
    """Whether some week, month or year has a flagged day at this position."""
    if unit == "weekly":
        return bool(pick(0, 7, weekdays, (position,)))
    if unit == "yearly":
        lengths = {365, 366}
    elif month is None:
        lengths = {28, 29, 30, 31}
    else:
        lengths = {month_length(2023, month), month_length(2024, month)}
    return any(pick(first, length, weekdays, (position,)) for length in lengths for first in range(7))


def _check_easter(start: "date", weekdays: tuple[int, ...]) -> None:
    """Easter is a Sunday, so a distance from it is always the same weekday; flags without it leave no year."""
    if start.year > LAST_EASTER:
        raise BadRecurrence("start_date", f"Easter is known up to the year {LAST_EASTER}")
    weekday = (6 + (start - easter_of(start.year)).days) % 7
    if weekdays and weekday not in weekdays:
        raise BadRecurrence(
            WEEKDAYS[weekday], f"this distance from Easter is always a {_name(weekday)}, which is not flagged"
        )


def _name(weekday: int) -> str:
    return WEEKDAYS[weekday].capitalize()
