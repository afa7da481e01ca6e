"""What an operator may set in a task's row, and how people write it: the same for the command and on the wire."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from enum import Enum
from math import isfinite, nan

from linod.errors import BadValue, near
from linod.kinds import OwnColumn
from linod.loglevels import LogLevel
from linod.models.fields import parse_moment
from linod.models.runnable import SCHEDULE, WEEKDAYS, Runnable
from linod.policies import BIGGEST
from linod.policies import KINDS as POLICY_KINDS
from linod.tuples import NamedTuple

UNITS = ("once", "never", "secondly", "minutely", "hourly", "daily", "weekly", "monthly", "yearly", "easter")
OLD_UNITS = {"per_weekday": "weekly"}  # Lino's own table calls it deprecated, and saves it as weekly

NOTHING = ("", "none", "null", "-")
"""How people write "no value"."""

TRUE = ("yes", "true", "on", "1", "y")
FALSE = ("no", "false", "off", "0", "n")
TEXT_LENGTH = 10_000
"""Characters that an operator may write into a text of no given length."""


class BadColumn(BadValue):
    """An operator named a column that does not exist, or gave it a value that it cannot hold."""

    def __init__(self, column: str, reason: str) -> None:
        self.column = column
        self.reason = reason
        super().__init__(f"{column}: {reason}")


class Column(NamedTuple):
    """A column that an operator may set.

    parse  makes the value from a text or a JSON value; raises ValueError with the reason.
    takes  what may be written, for help and errors.
    empty  whether "no value" is a value.
    """

    parse: Callable[[object], object]
    takes: str
    empty: bool = False


def _text(longest: int) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is not a text")
        text = value.strip()
        if not text or len(text) > longest:
            raise ValueError(f"needs 1 to {longest} characters, not {len(text)}")
        if not text.isprintable():  # control characters, and halves of surrogate pairs, which no database stores
            raise ValueError(f"{text!r} has characters that cannot be printed")
        return text

    return parse


def _number(value: object) -> int:
    if isinstance(value, str) and re.fullmatch(r"\s*[+]?[0-9]{1,10}\s*", value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= BIGGEST:
        raise ValueError(f"{_shown(value)} is not a whole number from 1 to {BIGGEST}")
    return value


def _yes_or_no(value: object) -> bool:
    word = str(value).strip().lower()
    if isinstance(value, bool | str | int) and word in TRUE + FALSE:
        return word in TRUE
    raise ValueError(f"{_shown(value)} is neither yes nor no")


def _positions(value: object) -> str:
    words = re.split(r"[\s,]+", value.strip()) if isinstance(value, str) else [str(value)]
    if words == [""]:
        return ""
    if not all(re.fullmatch(r"[+-]?[0-9]{1,3}", word) and 1 <= abs(int(word)) <= 366 for word in words):
        raise ValueError(f"{_shown(value)} is not a list of positions from 1 to 366 or -1 to -366, such as '1 -1'")
    text = " ".join(str(int(word)) for word in words)
    if len(text) > 50:
        raise ValueError(f"{len(words)} positions are too many")
    return text


def _date(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    text = str(value).strip()
    found = re.fullmatch(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})", text, re.ASCII)
    found = found or re.fullmatch(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})", text, re.ASCII)
    try:
        return date(**{part: int(digits) for part, digits in found.groupdict().items()}) if found else date(0, 0, 0)
    except ValueError as error:
        raise ValueError(f"{_shown(value)} is not a date such as 2026-11-24 or 24.11.2026") from error


def _time(value: object) -> time:
    if isinstance(value, time) and value.tzinfo is None:
        return value
    found = re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", str(value).strip(), re.ASCII)
    try:
        return time(int(found[1]), int(found[2]), int(found[3] or 0)) if found else time(99)
    except ValueError as error:
        raise ValueError(f"{_shown(value)} is not a time of the day such as 04:00 or 23:59:30") from error


def _time_zone(value: object) -> str:
    from zoneinfo import ZoneInfo, available_timezones

    name = str(value).strip()
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError) as error:
        hint = near(name, available_timezones(), "`timedatectl list-timezones` lists them")
        raise ValueError(f"{_shown(value)} is not a time zone; {hint}") from error
    return name


def _unit(value: object) -> str:
    word = str(value).strip().lower()
    word = OLD_UNITS.get(word, word)
    if word not in UNITS:
        raise ValueError(f"{_shown(value)} is not a unit; {near(word, UNITS, 'they are ' + ', '.join(UNITS))}")
    return word


def _log_level(value: object) -> str:
    if isinstance(value, Enum):
        value = value.name
    names = [level.name for level in LogLevel]
    word = str(value).strip().upper()
    word = next((level.name for level in LogLevel if str(level.value) == word), word)
    if word not in names:
        raise ValueError(f"{_shown(value)} is not a logging level; {near(word, names, 'they are ' + ', '.join(names))}")
    return word


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _whole(value: object) -> int:
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**63:
        raise ValueError(f"{_shown(value)} is not a whole number")
    return value


def _float(value: object) -> float:
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else nan
    except (ValueError, OverflowError):
        number = nan
    if not isfinite(number):
        raise ValueError(f"{_shown(value)} is not a number")
    return number


def _moment(value: object) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else parse_moment(str(value).strip())
        return moment.astimezone(UTC) if moment.tzinfo is not None else parse_moment("")
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{_shown(value)} is not a moment with its zone, such as 2026-11-24T03:00:00Z") from error


OWN: Mapping[str, Column] = {
    "text": Column(_text(TEXT_LENGTH), "a text"),
    "integer": Column(_whole, "a whole number"),
    "boolean": Column(_yes_or_no, "yes or no"),
    "number": Column(_float, "a number"),
    "date": Column(_date, "a date such as 2026-11-24"),
    "time": Column(_time, "a time of the day such as 04:00"),
    "moment": Column(_moment, "a moment such as 2026-11-24T03:00:00Z"),
}
"""How people write what a column of a kind's own holds, by its type."""


def _own(column: OwnColumn) -> Column:
    parse = OWN[column.type].parse if column.length is None else _text(column.length)
    return OWN[column.type]._replace(parse=parse, empty=column.null)


OPERABLE: Mapping[str, Column] = {
    "name": Column(_text(200), "a text"),
    "procedure": Column(_text(100), "the name of a procedure"),
    "every_unit": Column(_unit, "one of " + ", ".join(UNITS)),
    "every": Column(_number, "a whole number from 1"),
    "positions": Column(_positions, "positions in the month, such as '1 -1'", empty=True),
    **{day: Column(_yes_or_no, "yes or no") for day in WEEKDAYS},
    "max_events": Column(_number, "a whole number from 1", empty=True),
    "start_date": Column(_date, "a date such as 2026-11-24", empty=True),
    "start_time": Column(_time, "a time of the day such as 04:00", empty=True),
    "end_date": Column(_date, "a date such as 2026-11-24", empty=True),
    "end_time": Column(_time, "a time of the day such as 04:00", empty=True),
    "time_zone": Column(_time_zone, "a time zone such as Europe/Brussels", empty=True),
    **{name: Column(kind.parse, kind.takes, empty=True) for name, kind in POLICY_KINDS.items()},
    "log_level": Column(_log_level, "one of " + ", ".join(level.name for level in LogLevel)),
    "disabled": Column(_yes_or_no, "yes or no"),
    "seqno": Column(_number, "a whole number from 1"),
}
"""Each column that an operator may set."""

NO_COLUMNS: Mapping[str, OwnColumn] = {}

assert set(SCHEDULE) <= set(OPERABLE)


def parse_column(name: str, value: object, own: Mapping[str, OwnColumn] = NO_COLUMNS) -> object:
    """The value to store, from what an operator wrote or a program sent.

    value   a text as people write it, a JSON value, or a value of the right type already.
    own     the columns that the task's kind has beside those of every task.
    Raises  BadColumn when the column is unknown or not an operator's, or the value does not fit; it says what does.
    """
    column = _own(own[name]) if name in own else OPERABLE.get(name)
    if column is None:
        if name in Runnable._meta.fields:
            raise BadColumn(name, "linod itself writes this column")
        known = (*OPERABLE, *own)
        raise BadColumn(name, "there is no such column; " + near(name, known, "they are " + ", ".join(known)))
    if value is None or (isinstance(value, str) and value.strip().lower() in NOTHING):
        if not column.empty:
            raise BadColumn(name, f"needs a value: {column.takes}")
        return "" if name == "positions" else None
    try:
        return column.parse(value)
    except ValueError as error:
        hint = '; "none" empties it' if column.empty else ""
        raise BadColumn(name, f"{error}{hint}") from error
