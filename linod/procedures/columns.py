"""The keywords of a registration that become columns of the task: known names, possible values, one written form."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time

from linod.errors import BadValue, near
from linod.loglevels import LogLevel
from linod.policies import KINDS
from linod.recurrence import Recurrence
from linod.recurrence.checks import UNITS, WEEKDAYS, parse_positions
from linod.tasks import Task

RESERVED = ("class_name", "run_after", "during_initdb")
"""Keywords that are no columns."""

START = "start_datetime"


def parse_columns(given: Mapping[str, object], name: str) -> dict[str, object]:
    """The columns that a registration suggests, each as the task holds it; None means left out.

    name    of the procedure.
    Raises  BadValue for an unknown keyword, an impossible value, and values that do not go together.
    """
    columns: dict[str, object] = {}
    for keyword, value in _parted(given).items():
        if keyword not in PARSERS:
            known = (*PARSERS, START, *RESERVED)
            raise BadValue(f"unknown keyword {keyword!r}; {near(keyword, known, 'known are ' + ', '.join(known))}")
        if value is not None:
            try:
                columns[keyword] = PARSERS[keyword](value)
            except ValueError as error:
                raise BadValue(f"{keyword}={value!r}: {error}") from None
    _check_together(columns, name)
    return columns


def _parted(given: Mapping[str, object]) -> Mapping[str, object]:
    """`start_datetime`, which the page gives a procedure, as the two columns that it stands for."""
    moment = given.get(START)
    others = {keyword: value for keyword, value in given.items() if keyword != START}
    if moment is None:
        return others
    twice = [name for name in ("start_date", "start_time") if given.get(name) is not None]
    if twice:
        raise BadValue(f"{START} stands for start_date and start_time; leave {' and '.join(twice)} away")
    try:
        moment = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        if not isinstance(moment, datetime) or moment.tzinfo is not None:
            raise ValueError(f"{moment!r}")
    except ValueError:
        raise BadValue(
            f"{START}={given[START]!r}: a datetime.datetime without a zone, or a text such as '2026-11-24 04:00'"
        ) from None
    return {**others, "start_date": moment.date(), "start_time": moment.time()}


def column_text(value: object) -> str:
    """A value as the table of procedures shows it, and as `parse_columns` reads it: 04:00, 2026-11-24, True, 300."""
    if isinstance(value, time):
        return value.isoformat("auto" if value.second or value.microsecond else "minutes")
    return value.isoformat() if isinstance(value, date) else str(value)


def _check_together(columns: dict[str, object], name: str) -> None:
    if "every" in columns and "every_unit" not in columns:
        raise BadValue(f"every={columns['every']} needs an every_unit")
    if columns.get("every_unit", "never") not in ("never", "once"):
        columns.setdefault("every", 1)
    values: dict[str, object] = {"name": name, **columns}
    Recurrence.of(Task(kind="", id=0, seqno=0, procedure=name, **values))  # type: ignore[arg-type]  # parsed above


def _whole(least: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ValueError(f"a whole number, {least} or more")
        return value

    return parse


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("True or False")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text")
    return value


def _unit(value: object) -> str:
    if not isinstance(value, str) or value not in UNITS:
        raise ValueError(near(str(value), UNITS, f"known are {', '.join(UNITS)}"))
    return value


def _positions(value: object) -> str:
    words = value if isinstance(value, (list, tuple)) else (value,)
    text = " ".join(str(word) for word in words)
    return " ".join(map(str, parse_positions(text)))


def _date(value: object) -> date:
    if isinstance(value, str):
        return date.fromisoformat(value)
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("a datetime.date, or a text such as '2026-11-24'")
    return value


def _time(value: object) -> time:
    if isinstance(value, str):
        value = time.fromisoformat(value)
    if not isinstance(value, time) or value.tzinfo is not None:
        raise ValueError("a datetime.time without a zone, or a text such as '04:00'")
    return value


def _log_level(value: object) -> str:
    if isinstance(value, LogLevel):
        return value.name
    names = LogLevel.__members__
    if isinstance(value, str) and value.upper() in names:
        return value.upper()
    if isinstance(value, int) and not isinstance(value, bool):
        return LogLevel(value).name
    raise ValueError(near(str(value).upper(), names, f"known are {', '.join(names)}"))


PARSERS: dict[str, Callable[[object], object]] = {
    "every": _whole(1),
    "every_unit": _unit,
    "positions": _positions,
    **dict.fromkeys(WEEKDAYS, _flag),
    "max_events": _whole(0),
    "start_date": _date,
    "start_time": _time,
    "end_date": _date,
    "end_time": _time,
    "time_zone": _text,
    **{name: kind.parse for name, kind in KINDS.items()},
    "log_level": _log_level,
    "name": _text,
    "disabled": _flag,
}
"""Every column that a registration may suggest, with what reads its value or raises ValueError saying what is valid."""
