"""Which columns a table has, in their order: the header, and the key of the value in a row. Pure data."""

from collections.abc import Mapping, Sequence

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

OTHER_TASKS: Layout = (
    ("No.", "seqno"),
    ("Name", "name"),
    ("Disabled", "disabled"),
    ("When", "when"),
    ("Status", "status"),
)

PROCEDURES: Layout = (
    ("value", "name"),
    ("name", "name"),
    ("text", "text"),
    ("Task class", "class_name"),
    ("Suggested recurrency", "suggested"),
)

LOG_LEVELS: Layout = (("value", "value"), ("text", "text"), ("Numeric value", "number"))


def layout_of(kind: str) -> Layout:
    """The columns of the table of one kind of task.

    Source  Lino's linod page, "System tasks": the system tasks show what they run, an invoicing task when it runs.
    """
    return SYSTEM_TASKS if kind == SYSTEM_TASK else OTHER_TASKS


def headers(layout: Layout) -> list[str]:
    """The first line of the table."""
    return [header for header, _ in layout]


def cells(layout: Layout, row: Mapping[str, object]) -> list[object]:
    """The values of one row in the order of the columns."""
    return [row[key] if key else None for _, key in layout]
