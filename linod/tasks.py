"""A task as a plain value, and its status as text. Pure: no clock, no database."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from linod.policies import LINODS, Policy
from linod.tuples import NamedTuple

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

NOTHING_TO_PLAN = datetime(9999, 12, 31, tzinfo=UTC)
"""`next_due` of a task that has no further slot, or whose job has not ended."""

SYSTEM_TASK = "linod.SystemTask"
"""The kind of the tasks that linod brings; `#2` and a bare id mean one of these."""

GRACE = timedelta(minutes=1)
"""How late a task may be before it is called overdue: several polls of the runner, and a job slot that gets free."""


class TaskKey(NamedTuple):
    """Which row: the kind of task (`linod.SystemTask`) and the id in that kind's table."""

    kind: str
    id: int


class Task(NamedTuple):
    """One row of a `Runnable` table. Fields are named as the columns; moments are aware, in UTC."""

    kind: str
    id: int
    seqno: int
    name: str
    procedure: str
    every_unit: str = "never"
    every: int = 1
    positions: str = ""
    monday: bool = False
    tuesday: bool = False
    wednesday: bool = False
    thursday: bool = False
    friday: bool = False
    saturday: bool = False
    sunday: bool = False
    max_events: int | None = None
    start_date: date | None = None
    start_time: time | None = None
    end_date: date | None = None
    end_time: time | None = None
    time_zone: str | None = None
    overlap: str | None = None  # this and the following: `linod.policies.Policy`; None: the site's default
    missed: str | None = None
    on_failure: str | None = None
    retries: int | None = None
    retry_pause: int | None = None
    on_crash: str | None = None
    timeout: int | None = None
    priority: int | None = None
    splay: int | None = None
    queue: str | None = None
    memory_max: int | None = None
    cpu_weight: int | None = None
    pids_max: int | None = None
    keep_days: int | None = None
    keep_jobs: int | None = None
    log_level: str = "INFO"
    disabled: bool = False
    requested_at: datetime | None = None
    requested_by: str | None = None
    requested_log_level: str | None = None
    last_start_time: datetime | None = None
    last_end_time: datetime | None = None
    message: str = ""
    next_due: datetime | None = None  # None: plan me, from now
    anchor: datetime | None = None  # where the grid of an interval begins; set once, by the first run
    events: int = 0  # executed slots, for max_events
    job_id: int | None = None  # the unfinished job of this task
    failed_job: int | None = None  # the job whose failure disabled this task
    failures: int = 0  # how many of its jobs failed, one after the other, up to now
    retried_job: int | None = None  # the job that is tried again at next_due; None: that is a slot
    own: Mapping[str, object] = MappingProxyType({})  # the columns that its kind has beside these

    @property
    def key(self) -> TaskKey:
        return TaskKey(self.kind, self.id)

    def column(self, name: str) -> object:
        """The value of a column, whether every task has it or its kind alone."""
        return self.own[name] if name in self.own else getattr(self, name)

    def with_columns(self, columns: Mapping[str, object]) -> "Task":
        """The same with other values: of columns that every task has, and of those that its kind has beside them."""
        common = {name: value for name, value in columns.items() if name in self._fields}
        own = {name: value for name, value in columns.items() if name not in common}
        return self._replace(**common, own={**self.own, **own})  # type: ignore[arg-type]  # each by its name


def splayed(task: Task, policy: Policy) -> Task:
    """The task with the site's `splay` in the place of an empty one: that is a part of its schedule."""
    return task if task.splay is not None or not policy.splay else task._replace(splay=policy.splay)


def label(task: Task) -> str:
    """How the log and the CLI call a task: `System task #1 (checkdata)`."""
    which = f"System task #{task.seqno}" if task.kind == SYSTEM_TASK else f"{task.kind}#{task.seqno}"
    return f"{which} ({task.name})"


def status(task: Task, now: datetime, zone: "ZoneInfo", *, full: bool = False, retries: int = LINODS.retries) -> str:
    """What a task is doing, as text.

    now   decides what is overdue, and the natural part of the times.
    zone  the site's; the times shown are local.
    full  no job slot is free: what is due waits for one.
    retries  the site's default, for a task that does not say how many.
    Source  Lino's linod page, "System tasks", column Status, in the page's precedence; "Overdue" and "Waiting" are
            linod's own.
    """
    if task.job_id is not None:
        return f"Running since {_shown(task.last_start_time, now, zone)}"
    if task.requested_at is not None:
        return f"Requested to run asap (since {_shown(task.requested_at, now, zone)})"
    if task.disabled:
        return "Disabled"
    due, refused = _due(task, now, zone)
    if due is None:
        return f"Not scheduled ({refused})" if refused else "Not scheduled"
    if due <= now and full:
        return f"Waiting for a free slot since {_shown(due, now, zone)}"
    if task.retried_job is not None and due == task.next_due:
        if not task.failures:
            return f"To run again asap (job {task.retried_job} was interrupted)"
        retries = retries if task.retries is None else task.retries
        return f"Retry {task.failures} of {retries} at {_shown(due, now, zone)}"
    if due < now - GRACE:
        return f"Overdue since {_shown(due, now, zone)}"
    if due <= now and task.last_start_time is None:
        return "Scheduled to run asap"
    return f"Scheduled to run at {_shown(due, now, zone)}"


def _due(task: Task, now: datetime, zone: "ZoneInfo") -> tuple[datetime | None, str]:
    """When the task falls due, else why its schedule cannot be followed; a task not planned yet is planned here."""
    from linod.recurrence import BadRecurrence, Recurrence, plan  # which imports this module

    try:
        if task.next_due == NOTHING_TO_PLAN:
            Recurrence.of(task)
            return None, ""
        due = task.next_due or plan(task, now, zone)
    except BadRecurrence as error:
        return None, str(error)
    return (None if due == NOTHING_TO_PLAN else due), ""


def _shown(moment: datetime | None, now: datetime, zone: "ZoneInfo") -> str:
    if moment is None:  # a row that other software wrote
        return "an unknown moment"
    return f"{moment.astimezone(zone):%d.%m.%Y %H:%M} ({natural(moment, now)})"


def natural(moment: datetime, now: datetime) -> str:
    """The distance of a moment in words: "23 hours from now", "a minute ago", "1 week, 2 days from now"."""
    seconds = int((moment - now).total_seconds())
    if seconds == 0:
        return "now"
    return f"{length(abs(seconds))} {'ago' if seconds < 0 else 'from now'}"


_LENGTHS = (
    ("year", 31_556_952),  # the mean of the Gregorian calendar
    ("month", 2_629_746),
    ("week", 604_800),
    ("day", 86_400),
    ("hour", 3_600),
    ("minute", 60),
    ("second", 1),
)


def length(seconds: int) -> str:
    """A length of time, from 1 second on, in its largest unit; from a day on with some of the next smaller unit."""
    position = next(place for place, (_, size) in enumerate(_LENGTHS) if seconds >= size)
    unit, size = _LENGTHS[position]
    count, rest = divmod(seconds, size)
    if size < 86_400:
        return _counted(count, unit) if count > 1 else f"{'an' if unit == 'hour' else 'a'} {unit}"
    smaller, smaller_size = _LENGTHS[position + 1]
    also = rest // smaller_size
    return _counted(count, unit) + (f", {_counted(also, smaller)}" if also else "")


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}{'s' if count != 1 else ''}"
