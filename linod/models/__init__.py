"""The tables of linod, as Peewee models. Importable without a database: the site's interpreter gets detached instances.

The columns of a table are listed once more in `migrations`, which creates it; a test compares the two.
"""

from typing import TYPE_CHECKING

from linod.lazy import names_of
from linod.models.fields import moment_text, parse_moment
from linod.models.ledger import Change, Installed, Job, KnownKind, User
from linod.models.rows import detached, job_row, json_value, task_of, task_row
from linod.models.runnable import KINDS, REPLANNING, RecurrenceSet, Runnable, SystemTask, forget_kinds, kind_model
from linod.models.sequenced import Sequenced
from linod.models.table import Detached, Table, database

if TYPE_CHECKING:
    from linod.models.operable import OPERABLE, BadColumn, parse_column
    from linod.models.users import USER_COLUMNS, parse_user_column

__all__ = [
    "KINDS",
    "OPERABLE",
    "REPLANNING",
    "USER_COLUMNS",
    "BadColumn",
    "Change",
    "Detached",
    "Installed",
    "Job",
    "KnownKind",
    "RecurrenceSet",
    "Runnable",
    "Sequenced",
    "SystemTask",
    "Table",
    "User",
    "database",
    "detached",
    "forget_kinds",
    "job_row",
    "json_value",
    "kind_model",
    "moment_text",
    "parse_column",
    "parse_moment",
    "parse_user_column",
    "task_of",
    "task_row",
]

# What operators may write, which a start does not read.
__getattr__ = names_of(
    __name__,
    {
        "OPERABLE": "operable",
        "BadColumn": "operable",
        "parse_column": "operable",
        "USER_COLUMNS": "users",
        "parse_user_column": "users",
    },
)
