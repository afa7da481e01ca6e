"""ShowJob: one job, and what somebody needs who asks why it was so and what comes next."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from linod.control.call import Call
from linod.control.finding import Problems, one_job
from linod.control.looking import by_id, live_json
from linod.control.values import JsonObject, moment
from linod.jobs import Job
from linod.policies import policy_of
from linod.recurrence import BadRecurrence, Recurrence, plan
from linod.tasks import NOTHING_TO_PLAN, Task, TaskKey

if TYPE_CHECKING:
    from linod.control.operations import Operations

USUAL_OF = 20
"""Jobs of which the median is what is usual."""

CHANGES_LOOKED_AT = 50
"""Changes of a task among which is looked for who disabled or removed it."""


async def show_job(ops: Operations, call: Call, *, job: int) -> JsonObject:
    now, problems, running, report = ops.clock.now(), Problems(ops), by_id(ops), ops.report()

    def look() -> JsonObject:
        found = one_job(ops.store, job)
        task = ops.store.task(TaskKey(found.kind, found.task_id))
        attempts = ops.store.attempts(found)
        return {
            "job": live_json(found, now, running),
            "task": None if task is None else problems.json(task, now),
            "attempts": [{"job": one.id, "attempt": one.attempt, "state": one.state} for one in attempts],
            "allowed": None if task is None else _allowed(ops, task),
            "usual": _usual(ops, found),
            "uncounted": report.limits_problem or None,
            "journal": f"LINOD_SITE={report.site} LINOD_JOB={found.id}" if report.log == "journal" else None,
            "next": _next(ops, found, task, now, problems),
        }

    return await ops.db.run(look)


def _allowed(ops: Operations, task: Task) -> JsonObject:
    """What the policies of a task, as they are now, let a job have."""
    policy = policy_of(task, ops.policy)
    retries = policy.retries if policy.on_failure == "retry" else 0
    return {
        "attempts": 1 + retries,
        "timeout": policy.timeout or None,
        "memory_max": policy.memory_max or None,
    }


def _usual(ops: Operations, job: Job) -> JsonObject | None:
    """The median length of the jobs before this one that succeeded."""
    lasted = sorted(ops.store.lasted(TaskKey(job.kind, job.task_id), job.id, USUAL_OF))
    return {"seconds": lasted[len(lasted) // 2], "jobs": len(lasted)} if lasted else None


def _next(ops: Operations, job: Job, task: Task | None, now: datetime, problems: Problems) -> JsonObject:
    """What linod will do about the task of a job; the words of `what` are in linod-ctl(1)."""
    if task is None:
        at, who = _who(ops, job, "remove")
        return _what("removed", at=at, reason=who)
    if task.job_id is not None:
        return _what("running", job=task.job_id)
    problem = problems.of(task)
    if problem is not None:
        return _what("cannot", reason=problem)
    if task.requested_at is not None:
        return _what("request", at=task.requested_at, reason=task.requested_by)
    if task.disabled and task.failed_job is not None:
        return _what("failed", job=task.failed_job)
    if task.disabled:
        at, who = _who(ops, job, "disable")
        return _what("disabled", at=at, reason=who)
    return _slot(ops, task, now)


def _slot(ops: Operations, task: Task, now: datetime) -> JsonObject:
    try:
        due = task.next_due or plan(task, now, ops.zone)
        if task.retried_job is not None and due == task.next_due:
            return _what("retry", at=due, job=task.retried_job)
        if due != NOTHING_TO_PLAN:
            return _what("slot", at=due)
        from linod.recurrence.reasons import why_no_more  # not what each start imports

        return _what("nothing", reason=why_no_more(Recurrence.of(task), ops.zone, had_slots=False))
    except BadRecurrence as error:
        return _what("nothing", reason=f"impossible: {error}")


def _who(ops: Operations, job: Job, action: str) -> tuple[datetime | None, str | None]:
    """When somebody disabled or removed the task of a job, and who; None for what is not recorded."""
    for change in ops.store.changes(key=TaskKey(job.kind, job.task_id), limit=CHANGES_LOOKED_AT):
        if change.action == action or (action == "disable" and change.after.get("disabled") is True):
            return change.at, change.user
    return None, None


def _what(what: str, *, at: datetime | None = None, job: int | None = None, reason: str | None = None) -> JsonObject:
    return {"what": what, "at": None if at is None else moment(at), "job": job, "reason": reason}
