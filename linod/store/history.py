"""Reading the ledger and the changes: the newest first, page by page, of a task, of outcomes, of a span of time.

No column of moments has an index, which each job would have to pay for. Ids grow as time goes by: so a moment is found
by bisection along the primary key, in a few steps among a million rows. Where the clock was set back, rows stand
later than their moment says; by how much at most is recorded, and so many more are looked at.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from peewee import SQL

from linod import models
from linod.changes import Change
from linod.jobs import UNFINISHED, Attempt, Job, State
from linod.models import parse_moment
from linod.store.connection import Connection
from linod.store.query import param
from linod.store.rows import job_columns, job_value
from linod.store.tasks import LONG_AGO
from linod.tasks import TaskKey
from linod.tuples import NamedTuple

SLACK = timedelta(minutes=1)
"""By which moments may be out of order where nobody has set the clock: slots are claimed some ms ahead, and steps of
less than 2 s are not recorded."""

SET_BACK = (
    'SELECT "before", "after" FROM "linod_change" WHERE "kind" IS NULL AND "task_id" IS NULL '
    'AND "action" = \'clock\' ORDER BY "id" DESC LIMIT 100'
)

LAST = 2**63 - 1


NEIGHBOURS = 50
"""Jobs of a task before and behind one, that are looked at for other attempts at its request."""


class Span(NamedTuple):
    """A span of ids, `high` without, in which all rows are that have their moment between two moments."""

    low: int
    high: int


class History(Connection):
    """What has happened."""

    def jobs(
        self,
        *,
        key: TaskKey | None = None,
        states: Sequence[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before_id: int | None = None,
        limit: int,
    ) -> list[Job]:
        """Jobs, the newest first.

        key           of this task only.
        states        in these states only.
        since, until  claimed from then on, and before then; what got no execution: recorded.
        before_id     older than this job.
        """
        span = self._span(models.Job, since, until)
        values: dict[str, object] = {"low": span.low, "high": min(span.high, LAST if before_id is None else before_id)}
        values |= {"limit": limit, "since": since, "until": until} | _of(key)
        found: list[Job] = []
        # Each state by itself: of several at once SQLite would sort all the rows that there are.
        for state in (None,) if states is None else sorted({str(state) for state in states}):
            shape = (key is not None, state, since is not None, until is not None)
            found += [job_value(row) for row in self._rows(_jobs, *shape, **values)]
        return sorted(found, key=lambda job: -job.id)[:limit]

    def last_job_id(self) -> int | None:
        """The id of the newest job that is in the ledger; None when there is none."""
        rows = self._rows(_last, models.Job)
        return int(rows[0][0]) if rows else None

    def attempts(self, job: Job) -> list[Attempt]:
        """The jobs for the same slot or the same request, this one among them, in their order."""
        values = {"kind": job.kind, "task_id": job.task_id, "id": job.id, "limit": NEIGHBOURS}
        if job.slot is not None:
            rows = self._rows(_of_slot, slot=job.slot, **values)
        else:
            rows = [*self._rows(_neighbours, False, **values), *self._rows(_neighbours, True, **values)]
            at = None if job.requested_at is None else models.Job.requested_at.db_value(job.requested_at)
            rows = [row for row in rows if row[0] == job.id or (row[3] == at and row[4] is None and at is not None)]
        return sorted(Attempt(row[0], row[1], State(row[2])) for row in rows)

    def lasted(self, key: TaskKey, before_id: int, limit: int) -> list[float]:
        """How many seconds the last jobs of a task took that succeeded before one, in no order."""
        rows = self._rows(_lasted, kind=key.kind, task_id=key.id, id=before_id, limit=limit)
        moments = [[models.Job.ended_at.from_column(value) for value in row] for row in rows if None not in row]
        return [(ended - started).total_seconds() for started, ended in moments]

    def changes(
        self,
        *,
        key: TaskKey | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before_id: int | None = None,
        limit: int,
    ) -> list[Change]:
        """What operators did, the newest first; the parameters are as those of `jobs`."""
        span = self._span(models.Change, since, until)
        values: dict[str, object] = {"low": span.low, "high": min(span.high, LAST if before_id is None else before_id)}
        values |= {"limit": limit, "since": since, "until": until} | _of(key)
        rows = self._rows(_changes, key is not None, since is not None, until is not None, **values)
        return [_change(row) for row in rows]

    def removed(self, name: str) -> TaskKey | None:
        """The task of this name that an operator removed last."""
        rows = self._rows(_removed, name=name)
        return TaskKey(*rows[0]) if rows else None

    # moments and ids

    def _span(self, table: Any, since: datetime | None, until: datetime | None) -> Span:
        if since is None and until is None:
            return Span(0, LAST)
        slack = SLACK + self._set_back()
        low = 0 if since is None else self._first_since(table, since - slack)
        return Span(low, LAST if until is None else self._first_since(table, until + slack))

    def _first_since(self, table: Any, moment: datetime) -> int:
        """The id of a row with this moment or a later one, whose neighbour before has an earlier one."""
        ends = [*self._rows(_probe, table, id=0), *self._rows(_last, table)]
        if not ends:
            return 0
        field = MOMENTS[table]
        (low, first), (high, last) = [(int(row[0]), field.from_column(row[1])) for row in ends]
        if last < moment:
            return high + 1
        if first >= moment:
            return low
        # Rows up to `low` are earlier than the moment, `high` is not. By turns in the middle, and where it would be if
        # as many rows had come in each hour: that is a third of the steps mostly, and never more than twice as many.
        for step in count():
            if high - low <= 1:
                return high
            part = (moment - first) / (last - first) if step % 2 == 0 and last > first else 0.5
            guess = min(max(low + round((high - low) * part), low + 1), high - 1)
            found, at = self._rows(_probe, table, id=guess)[0]
            at = field.from_column(at)
            if at >= moment:
                high, last = guess, at
            else:
                low, first = int(found), at
        raise AssertionError("count() has no end")

    def _set_back(self) -> timedelta:
        """By how much the clock was set back in all, as far as that is known."""
        total = timedelta()
        for before, after in self._rows_of(SET_BACK):
            expected, now = (parse_moment(json.loads(side)["now"]) for side in (before, after))
            total += max(expected - now, timedelta())
        return total


MOMENTS: dict[Any, Any] = {models.Job: models.Job.claimed_at, models.Change: models.Change.at}
"""When a row was made."""

FIELDS = Change._fields


def _of(key: TaskKey | None) -> dict[str, object]:
    return {} if key is None else {"kind": key.kind, "task_id": key.id}


def _change(row: tuple[Any, ...]) -> Change:
    found = Change(*row)
    at = models.Change.at.from_column(found.at)
    return found._replace(at=at, before=json.loads(row[-2]), after=json.loads(row[-1]))


def _within(query: Any, table: Any, of_task: bool, since: bool, until: bool) -> Any:
    """Of a task, in a span of ids and of time, the newest first."""
    moment = MOMENTS[table]
    conditions = [table.id >= param("low"), table.id < param("high")]
    conditions += [moment >= param("since", moment)] if since else []
    conditions += [moment < param("until", moment)] if until else []
    if of_task:
        conditions = [table.kind == param("kind"), table.task_id == param("task_id"), *conditions]
    return query.where(*conditions).order_by(table.id.desc()).limit(param("limit"))


def _jobs(of_task: bool, state: str | None, since: bool, until: bool) -> Any:
    job = models.Job
    query = job.select(job_columns())
    if state is not None:
        query = query.where(job.state == state)
    if of_task and state is not None and state not in UNFINISHED:
        query = query.where(job.ended_at > LONG_AGO)  # the index has no others
    return _within(query, job, of_task, since, until)


def _attempts() -> Any:
    job = models.Job
    same = (job.kind == param("kind"), job.task_id == param("task_id"))
    return job.select(job.id, job.attempt, job.state, job.requested_at, job.slot).where(*same)


def _of_slot() -> Any:
    return _attempts().where(models.Job.slot == param("slot", models.Job.slot))


def _neighbours(after: bool) -> Any:
    """The jobs of the task from one on, or before it."""
    job = models.Job
    if after:
        return _attempts().where(job.id >= param("id")).order_by(job.id).limit(param("limit"))
    return _attempts().where(job.id < param("id")).order_by(job.id.desc()).limit(param("limit"))


def _lasted() -> Any:
    job = models.Job
    same = (job.kind == param("kind"), job.task_id == param("task_id"), job.state == State.SUCCEEDED.value)
    query = job.select(job.started_at, job.ended_at).where(*same, job.ended_at > LONG_AGO, job.id < param("id"))
    return query.order_by(job.id.desc()).limit(param("limit"))


def _changes(of_task: bool, since: bool, until: bool) -> Any:
    change = models.Change
    return _within(change.select(*(getattr(change, name) for name in FIELDS)), change, of_task, since, until)


def _removed() -> Any:
    change = models.Change
    # A text and no parameter, so that SQLite knows without its value that the index has these.
    gone = (change.action == SQL("'remove'"), change.task_name == param("name"))
    return change.select(change.kind, change.task_id).where(*gone).order_by(change.id.desc()).limit(1)


def _last(table: Any) -> Any:
    return table.select(table.id, MOMENTS[table]).order_by(table.id.desc()).limit(1)


def _probe(table: Any) -> Any:
    return table.select(table.id, MOMENTS[table]).where(table.id >= param("id")).order_by(table.id).limit(1)
