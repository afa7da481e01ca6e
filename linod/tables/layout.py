"""Which columns a table has, in their order: the header, and the key of the value in a row. Pure data."""

from collections.abc import Mapping, Sequence

from linod.kinds import SHOWN
from linod.tasks import SYSTEM_TASK

Layout = Sequence[tuple[str, str]]

SYSTEM_TASKS: Layout = (
    ("No.", "seqno"),
    ("Name", "name"),
    ("Logging level", "log_level"),
    ("Disabled", "disabled"),
    ("Status", "status"),
    ("Background procedure", "procedure"),
    ("⇵", ""),  # where a browser drags a row; here rows are moved by move_up, move_down and move_by_n
)

KINDS: Layout = (("Class", "name"), ("Plugin", "plugin"), ("Table", "table"), ("Columns of its own", "columns"))

USERS: Layout = (
    ("Username", "username"),
    ("Language", "language"),
    ("Time zone", "time_zone"),
    ("Jobs run in their name", "daemon_user"),
)

HEADERS = {"seqno": "No.", "log_level": "Logging level", "procedure": "Background procedure"}

PROCEDURES: Layout = (
    ("value", "name"),
    ("name", "name"),
    ("text", "text"),
    ("Task class", "class_name"),
    ("Suggested recurrency", "suggested"),
)

LOG_LEVELS: Layout = (("value", "value"), ("text", "text"), ("Numeric value", "number"))


def layout_of(kind: str, shown: Sequence[str] = SHOWN) -> Layout:
    """The columns of the table of one kind of task.

    shown   those that its class names.
    Source  Lino's linod page, "System tasks": the system tasks show what they run, an invoicing task when it runs.
    """
    if kind == SYSTEM_TASK:
        return SYSTEM_TASKS
    return [(HEADERS.get(name) or name.replace("_", " ").capitalize(), name) for name in shown]


def headers(layout: Layout) -> list[str]:
    """The first line of the table."""
    return [header for header, _ in layout]


def cells(layout: Layout, row: Mapping[str, object]) -> list[object]:
    """The values of one row in the order of the columns."""
    return [row[key] if key else None for _, key in layout]
