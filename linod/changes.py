"""What an operator did, as a plain value. Pure."""

from collections.abc import Mapping
from datetime import datetime

from linod.tuples import NamedTuple


class Change(NamedTuple):
    """One row of the audit. Fields are named as the columns.

    at         when, in UTC.
    uid, gid, user  who, as the kernel says it of the caller.
    action     set, enable, run-now, ...: mostly the command of linod-ctl.
    kind, task_id, task_name  of which task; None for what is of none.
    before, after  the columns that it changed, as JSON has their values.
    """

    id: int
    at: datetime
    uid: int
    gid: int
    user: str
    action: str
    kind: str | None
    task_id: int | None
    task_name: str | None
    before: Mapping[str, object]
    after: Mapping[str, object]
