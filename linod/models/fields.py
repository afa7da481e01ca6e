"""Columns whose values Peewee and the SQLite driver treat differently from version to version."""

from datetime import UTC, date, datetime, time
from typing import Any

from peewee import SQL, AutoField, Field, NodeList


class Converted(Field):
    """A column that holds text of a fixed form. Empty stays NULL."""

    def db_value(self, value: object) -> str | None:
        return None if value is None else self.to_column(value)

    def python_value(self, value: object) -> object:
        return None if value is None else self.from_column(value)

    def to_column(self, value: object) -> str:
        raise NotImplementedError

    def from_column(self, value: object) -> object:
        raise NotImplementedError


class MomentField(Converted):
    """A moment: aware in the program, naive UTC with microseconds in the column.

    The form is always "2026-11-24 04:00:00.000000", so that the columns sort as text, in SQL of other programs too.
    Peewee 3.14 and 3.17 (Debian 12, 13) read an aware datetime back from SQLite as a string, 4.5 as a datetime: hence
    the naive form.
    """

    field_type = "DATETIME"

    def to_column(self, value: object) -> str:
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise ValueError(f"column {self.name}: a moment must be a datetime with a zone, not {value!r}")
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")

    def from_column(self, value: object) -> datetime:
        # Other programs may write other ISO forms, and a driver may give datetimes.
        naive = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return naive.replace(tzinfo=UTC) if naive.tzinfo is None else naive.astimezone(UTC)


class DayField(Converted):
    """A day of the calendar: "2026-11-24"."""

    field_type = "DATE"

    def to_column(self, value: object) -> str:
        if not isinstance(value, date) or isinstance(value, datetime):
            raise ValueError(f"column {self.name}: {value!r} is not a date")
        return value.isoformat()

    def from_column(self, value: object) -> date:
        return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])


class WallTimeField(Converted):
    """A time of the day on the wall, in whatever zone the task follows: "04:00:00"."""

    field_type = "TIME"

    def to_column(self, value: object) -> str:
        if not isinstance(value, time) or value.tzinfo is not None:
            raise ValueError(f"column {self.name}: {value!r} is not a time of the day without a zone")
        return value.isoformat()

    def from_column(self, value: object) -> time:
        return value if isinstance(value, time) else time.fromisoformat(str(value))


class NewIdField(AutoField):
    """A primary key that is never given twice. (Without AUTOINCREMENT, SQLite reuses the id of a deleted last row.)"""

    def ddl(self, ctx: Any) -> NodeList:
        return NodeList((super().ddl(ctx), SQL("AUTOINCREMENT")))


def moment_text(moment: datetime) -> str:
    """A moment in RFC 3339, UTC: how JSON has it."""
    return moment.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def parse_moment(text: str) -> datetime:
    """The moment that an RFC 3339 text tells of.

    Raises  ValueError when it is no moment, or has no zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no zone")
    return moment.astimezone(UTC)
