"""What leaves the ledger: old jobs, jobs beyond a task's number, old changes. In small pieces, each found by index.

A table of the file gives its pages back to the file, and later rows take them: so the file is as large as the ledger
has ever been, and no larger.
"""

from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from linod import models
from linod.jobs import DISABLING
from linod.models import Runnable
from linod.policies import Policy
from linod.store.connection import Connection
from linod.store.query import param
from linod.store.tasks import LONG_AGO
from linod.tasks import TaskKey
from linod.tuples import NamedTuple

ALWAYS = 20
"""Jobs of a task that stay whatever their age, the newest."""

LOOKED_AT = 10
"""Of a task's oldest jobs so many are looked at first: mostly none is to go. Several, because the first one may be the
last that failed, or have the moment of a wrong clock."""

AUDIT_DAYS = 400
"""Days that changes stay at least: what was done a year ago is what people ask for. The run-now of them stay as long as
the jobs that they asked for: a program may ask each second."""

CHANGES_AT_ONCE = 500


class Kept(NamedTuple):
    """What of a task stays.

    cutoff  jobs claimed before it may go.
    number  how many may stay.
    always  how many stay whatever their age; 0 for a task that is gone.
    """

    cutoff: datetime
    number: int
    always: int


class Retention(Connection):
    """Removing rows. Each method is one short transaction, if any, and none removes what has not ended."""

    def trim(self, key: TaskKey, defaults: Policy, now: datetime, limit: int) -> int:
        """Remove the oldest jobs of a task, as far as they need not be kept.

        defaults  for a task that leaves keep_days or keep_jobs empty, and for one that is gone.
        limit     how many to remove at most.
        Returns   how many were removed: fewer than `limit` when there are no more to remove.
        """
        kept = self._kept(key, defaults, now)
        bound = self._nth(key, kept.always) if kept.always else 2**63 - 1
        if bound is None:
            return 0
        beyond = self._nth(key, kept.number)
        if _last_to_go(self._oldest(key, bound, LOOKED_AT), kept, beyond, 1) is None:
            return 0
        failed = (self._last_failed(key) if kept.always else None) or 0
        with self.transaction():
            last = _last_to_go(self._oldest(key, bound, max(limit, LOOKED_AT), failed), kept, beyond, limit)
            values = {"last": last, "failed": failed}
            return self._changed(_remove, kind=key.kind, task_id=key.id, **values) if last is not None else 0

    def next_task_with_jobs(self, after: TaskKey | None) -> TaskKey | None:
        """The first task behind another one, by kind and id, that the ledger has jobs of; tasks that are gone among
        them."""
        rows: list[tuple[Any, ...]] = []
        if after is not None:
            rows = self._rows(_next_of_kind, kind=after.kind, task_id=after.id)
        rows = rows or self._rows(_next_kind, kind="" if after is None else after.kind)
        return TaskKey(*rows[0]) if rows else None

    def trim_changes(self, after: int, defaults: Policy, now: datetime) -> int | None:
        """Remove old changes among the next CHANGES_AT_ONCE of them.

        after    the id behind which to begin.
        Returns  where the next call begins; None when it would find none to remove.
        """
        days = defaults.keep_days
        cutoff, of_requests = (now - timedelta(days=count) for count in (max(days, AUDIT_DAYS), days))
        rows = self._rows(_changes, after=after, limit=CHANGES_AT_ONCE)
        old = [(row_id, action) for row_id, at, action in rows if models.Change.at.from_column(at) < of_requests]
        if not old:
            return None
        last = old[-1][0]
        if any(action == "run-now" for _, action in old) or models.Change.at.from_column(rows[0][1]) < cutoff:
            self._changed(_remove_changes, after=after, last=last, cutoff=cutoff, of_requests=of_requests)
        return int(last) if len(rows) == CHANGES_AT_ONCE else None

    def _kept(self, key: TaskKey, defaults: Policy, now: datetime) -> Kept:
        days, number, always = defaults.keep_days, defaults.keep_jobs, ALWAYS
        if key.kind in self.kinds:
            rows = self._rows(_policy, self.model(key.kind), id=key.id)
            if rows:
                days = days if rows[0][0] is None else rows[0][0]
                number = number if rows[0][1] is None else rows[0][1]
            else:
                always = 0
        return Kept(now - timedelta(days=days), max(number, ALWAYS), always)

    def _nth(self, key: TaskKey, number: int) -> int | None:
        """The id of the nth newest job of a task; None when there are not so many."""
        rows = self._rows(_nth, kind=key.kind, task_id=key.id, before=number - 1)
        return int(rows[0][0]) if rows else None

    def _oldest(self, key: TaskKey, before: int, limit: int, failed: int = 0) -> list[tuple[Any, ...]]:
        """The first jobs of a task that have ended, but for one that failed."""
        return self._rows(_oldest, kind=key.kind, task_id=key.id, before=before, failed=failed, limit=limit)

    def _last_failed(self, key: TaskKey) -> int | None:
        found = [self._rows(_failed, state.value, kind=key.kind, task_id=key.id) for state in DISABLING]
        return max((int(rows[0][0]) for rows in found if rows), default=None)


def _last_to_go(rows: list[tuple[Any, ...]], kept: Kept, beyond: int | None, limit: int) -> int | None:
    """The id of the last of the rows, oldest first, up to which all may go; of the first `limit` of them."""
    moments = [models.Job.claimed_at.from_column(at) for _, at in rows]
    # None is younger than one behind it: its moment is from before the clock was set back.
    oldest = list(accumulate(reversed(moments), min))[::-1]
    last = None
    for (row_id, _), at in zip(rows[:limit], oldest, strict=False):
        if at >= kept.cutoff and (beyond is None or row_id >= beyond):
            break
        last = int(row_id)
    return last


# The queries


def _of_task(query: Any) -> Any:
    return query.where(models.Job.kind == param("kind"), models.Job.task_id == param("task_id"))


def _policy(model: type[Runnable]) -> Any:
    return model.select(model.keep_days, model.keep_jobs).where(model.id == param("id"))


def _nth() -> Any:
    job = models.Job
    return _of_task(job.select(job.id)).order_by(job.id.desc()).limit(1).offset(param("before"))


def _oldest() -> Any:
    job = models.Job
    ended = (job.id < param("before"), job.id != param("failed"), job.ended_at > LONG_AGO)
    query = _of_task(job.select(job.id, job.claimed_at)).where(*ended)
    return query.order_by(job.id).limit(param("limit"))


def _failed(state: str) -> Any:
    job = models.Job
    query = _of_task(job.select(job.id)).where(job.state == state, job.ended_at > LONG_AGO)
    return query.order_by(job.id.desc()).limit(1)


def _remove() -> Any:
    job = models.Job
    return _of_task(job.delete()).where(job.id <= param("last"), job.id != param("failed"), job.ended_at > LONG_AGO)


def _next_of_kind() -> Any:
    job = models.Job
    query = job.select(job.kind, job.task_id).where(job.kind == param("kind"), job.task_id > param("task_id"))
    return query.order_by(job.kind, job.task_id).limit(1)


def _next_kind() -> Any:
    job = models.Job
    query = job.select(job.kind, job.task_id).where(job.kind > param("kind"))
    return query.order_by(job.kind, job.task_id).limit(1)


def _changes() -> Any:
    change = models.Change
    query = change.select(change.id, change.at, change.action).where(change.id > param("after"))
    return query.order_by(change.id).limit(param("limit"))


def _remove_changes() -> Any:
    change = models.Change
    at = change.at
    asked = (change.action == "run-now") & (at < param("of_requests", at))
    old = (at < param("cutoff", at)) | asked
    return change.delete().where(change.id > param("after"), change.id <= param("last"), old)
