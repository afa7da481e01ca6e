"""Lists of tasks that are given page by page: what is asked for, and where a page ended. Pure."""

import json
from datetime import UTC, datetime
from enum import StrEnum

from linod.errors import BadValue, near
from linod.tasks import Task
from linod.tuples import NamedTuple

Values = tuple[str | int, ...]


class BadList(BadValue):
    """A list is asked for that there cannot be; `column` is the parameter that says so."""

    def __init__(self, column: str, text: str) -> None:
        self.column = column
        super().__init__(text)


class Status(StrEnum):
    """What a task may be, among other things."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    RUNNING = "running"
    REQUESTED = "requested"
    FAILED = "failed"
    OVERDUE = "overdue"


class Wanted(NamedTuple):
    """Which tasks: each that is not None must hold.

    pattern    of the whole name, as a shell has them: `*`, `?`, `[...]`.
    overdue    slots up to this moment are overdue.
    """

    kind: str | None = None
    pattern: str | None = None
    procedure: str | None = None
    status: Status | None = None
    overdue: datetime = datetime(1970, 1, 1, tzinfo=UTC)


ALL = Wanted()


class Place(NamedTuple):
    """Where a page ended: the kind of its last task, and what the columns that order the list hold there."""

    kind: str
    values: Values


class Page(NamedTuple):
    """Some tasks of a list, and where it ended; None when there are no more."""

    tasks: list[Task]
    end: Place | None


def parse_status(text: str) -> Status:
    """Raises BadList for a text that is none."""
    if text in Status.__members__.values():
        return Status(text)
    known = tuple(status.value for status in Status)
    raise BadList("status", f"{text!r} is no status of a list; {near(text, known, 'they are ' + ', '.join(known))}")


def place_text(place: Place) -> str:
    """A place, for a caller to give back as it is."""
    return json.dumps([place.kind, *place.values], separators=(",", ":"))


def parse_place(text: str) -> Place:
    """The place that `place_text` wrote; raises BadList for any other text."""
    try:
        kind, *values = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        raise bad_place(text) from None
    if not isinstance(kind, str) or not all(isinstance(value, str | int) for value in values):
        raise bad_place(text)
    return Place(kind, tuple(values))


def bad_place(text: str) -> BadList:
    return BadList("after", f"{text[:60]!r} is not where a page of this list ended; take `next` as it came")
