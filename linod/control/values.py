"""Tasks and jobs as JSON: keys are column names, moments RFC 3339 in UTC, durations seconds. Pure."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from linod.control.interface import NULL_IN_LISTS
from linod.inforce import values
from linod.jobs import Job
from linod.kinds import Kind
from linod.loglevels import LogLevels
from linod.policies import LINODS
from linod.procedures import Procedure
from linod.recurrence.when import when
from linod.tasks import NOTHING_TO_PLAN, Task, label, status

_TASK_COLUMNS = tuple(name for name in Task._fields if name != "own")
_JOB_COLUMNS = Job._fields

_LEVEL_NAMES = {level.value: level.name for level in LogLevels}

LISTED_MESSAGE = 1000
"""Characters of a job's message in a list: most are one line, but a procedure may write 64 KiB."""

LISTED_TEXT = 200
"""Characters of a text of a kind's own in a list; a longer one is null there."""

JsonObject = dict[str, object]


def moment(value: datetime) -> str:
    """RFC 3339 in UTC: "2026-11-24T03:00:00Z", with microseconds when there are any."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_moment(text: str) -> datetime:
    """The moment that an RFC 3339 text tells of; raises ValueError for what is none, or has no zone."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text!r} has no zone")
    return found.astimezone(UTC)


def plain(value: object) -> object:
    """A column's value as JSON has it."""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return value


def task_json(
    task: Task,
    now: datetime,
    zone: ZoneInfo,
    problem: str | None,
    *,
    full: bool,
    retries: int = LINODS.retries,
    in_list: bool = False,
) -> JsonObject:
    """One task.

    zone     of the moments in `status`.
    problem  why it cannot run, None when it can.
    full     no job slot is free.
    retries  the site's default.
    in_list  leave out what has no limit.
    """
    found = {name: plain(getattr(task, name)) for name in _TASK_COLUMNS}
    own = {name: plain(value) for name, value in task.own.items()}
    if task.next_due == NOTHING_TO_PLAN:
        found["next_due"] = None
    if in_list:
        found |= dict.fromkeys(NULL_IN_LISTS["Task"])
        own = {name: None if _is_long(value) else value for name, value in own.items()}
    return {
        **found,
        "own": own,
        "label": label(task),
        "status": status(task, now, zone, full=full, retries=retries),
        "when": when(task),
        "problem": problem,
    }


def _is_long(value: object) -> bool:
    return isinstance(value, str) and len(value) > LISTED_TEXT


def job_json(
    job: Job, now: datetime, *, progress: tuple[int, int] | None = None, log: str | None = None, in_list: bool = False
) -> JsonObject:
    """One job.

    now       gives a job that has not ended its duration so far.
    progress  done and total, as the procedure told.
    log       in the place of the job's own: one that runs has it in memory only.
    """
    found = {name: plain(getattr(job, name)) for name in _JOB_COLUMNS}
    if log is not None:
        found["log"] = log
    if in_list:
        found |= dict.fromkeys(NULL_IN_LISTS["Job"])
        found["message"] = job.message[:LISTED_MESSAGE]
    began = job.started_at or job.claimed_at
    executed = job.started_at is not None or job.outcome is None
    return {
        **found,
        "outcome": job.outcome,
        "duration": ((job.ended_at or now) - began).total_seconds() if executed else None,
        "progress": None if progress is None else {"done": progress[0], "total": progress[1]},
    }


def record_json(event: Mapping[str, object], job_id: int | None, task: str | None) -> JsonObject:
    """One log record of a running job, from the runner's event."""
    at, level = event["time"], event["level"]
    assert isinstance(at, float | int) and isinstance(level, int)
    return {
        "job": job_id,
        "task": task,
        "time": moment(datetime.fromtimestamp(at, UTC)),
        "level": _LEVEL_NAMES.get(level, str(level)),
        "text": event["text"],
    }


def policy_json(task: Task, said: Mapping[str, object]) -> JsonObject:
    """The policies of a task in force, each with who says it; `said` by the settings."""
    return {name: {"value": found.value, "source": found.source} for name, found in values(task, said).items()}


def kind_json(kind: Kind, problem: str | None) -> JsonObject:
    """One kind of task; `problem` is why its tasks cannot run."""
    return {
        "name": kind.name,
        "plugin": kind.plugin,
        "table": kind.table,
        "columns": [str(column) for column in kind.columns],
        "shown": list(kind.shown),
        "problem": problem,
    }


def procedure_json(procedure: Procedure) -> JsonObject:
    """One procedure; `problem` is why it cannot run."""
    return {
        "name": procedure.name,
        "text": procedure.text,
        "plugin": procedure.plugin,
        "class_name": procedure.class_name,
        "suggested": procedure.suggested,
        "file": procedure.file,
        "line": procedure.line,
        "problem": procedure.problem or None,
    }
