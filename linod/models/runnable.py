"""The kinds of task: what every kind has (`Runnable`), and the kind that linod brings (`SystemTask`)."""

from datetime import datetime, time
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from peewee import BigIntegerField, BooleanField, CharField, IntegerField, TextField

from linod.models.fields import DayField, MomentField, NewIdField, WallTimeField
from linod.models.procedures import ProcedureField
from linod.models.sequenced import Sequenced
from linod.models.table import Table
from linod.tasks import SYSTEM_TASK

if TYPE_CHECKING:
    from logging import Logger

    from linod.request import BaseRequest

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

SCHEDULE = (
    *("every_unit", "every", "positions", *WEEKDAYS, "max_events"),
    *("start_date", "start_time", "end_date", "end_time", "time_zone"),
)
"""Columns that say when a task falls due."""

REPLANNING = frozenset({*SCHEDULE, "disabled", "splay"})
"""Columns whose edit makes `next_due` NULL: plan anew, from now. Slots of the time before the edit do not exist."""


NAME_LENGTH = 200

NOT_COPIED = frozenset(
    {"id", "requested_at", "requested_by", "requested_log_level", "last_start_time", "last_end_time"}
    | {"message", "next_due", "anchor", "events", "job_id", "failed_job", "failures", "retried_job"}
)
"""Columns that tell what became of a task: a copy of it begins without."""


KINDS: "dict[str, type[Runnable]]" = {}
"""All kinds of task that are defined in this process, by their names."""

_defined: "list[type[Runnable]]" = []


def _define(models: "list[type[Runnable]]") -> None:
    _defined[:] = models
    KINDS.clear()
    for model in models:
        KINDS.setdefault(model.kind, model)


def table_of(model: "type[Runnable]") -> str:
    """The table of a kind that names none: "invoicing_task"."""
    return model.kind.replace(".", "_").lower()


class RecurrenceSet(Table):
    """When something falls due: the columns of `linod.recurrence`, which says what they mean."""

    every_unit = CharField(20, default="never")
    every = IntegerField(default=1)
    positions = CharField(50, default="")
    monday = BooleanField(default=False)
    tuesday = BooleanField(default=False)
    wednesday = BooleanField(default=False)
    thursday = BooleanField(default=False)
    friday = BooleanField(default=False)
    saturday = BooleanField(default=False)
    sunday = BooleanField(default=False)
    max_events = IntegerField(null=True)
    start_date = DayField(null=True)
    start_time = WallTimeField(null=True)
    end_date = DayField(null=True)
    end_time = WallTimeField(null=True)
    time_zone = CharField(64, null=True)

    @property
    def start_datetime(self) -> datetime | None:
        """`start_date` at `start_time`, else at 00:00: naive, in the zone of the task; None without a `start_date`."""
        return None if self.start_date is None else datetime.combine(self.start_date, self.start_time or time(0))

    @start_datetime.setter
    def start_datetime(self, moment: datetime | None) -> None:
        if moment is not None and moment.tzinfo is not None:
            raise ValueError(f"start_datetime {moment} has a zone; it is a time of the task's zone, and has none")
        self.start_date = None if moment is None else moment.date()
        self.start_time = None if moment is None else moment.time()


class Runnable(Sequenced, RecurrenceSet):
    """A task: says how this site runs one procedure. Abstract; each subclass is a kind of task with a table of its own.

    The columns mean what the fields of `linod.tasks.Task` mean.
    """

    kind = ""  # "plugin.Model": how the kind is called in the ledger and on the wire
    column_names = ""  # of the kind's table for people, separated by spaces; "": those of `linod.kinds.SHOWN`
    verbose_name = "Task"
    not_copied = NOT_COPIED

    id = NewIdField()
    name = CharField(NAME_LENGTH)
    procedure = ProcedureField(100)
    overlap = CharField(10, null=True)
    missed = CharField(10, null=True)
    on_failure = CharField(10, null=True)
    retries = IntegerField(null=True)
    retry_pause = IntegerField(null=True)
    on_crash = CharField(10, null=True)
    timeout = IntegerField(null=True)
    priority = IntegerField(null=True)
    splay = IntegerField(null=True)
    queue = CharField(100, null=True)
    memory_max = BigIntegerField(null=True)
    cpu_weight = IntegerField(null=True)
    pids_max = IntegerField(null=True)
    keep_days = IntegerField(null=True)
    keep_jobs = IntegerField(null=True)
    log_level = CharField(10, default="INFO")
    disabled = BooleanField(default=False)
    requested_at = MomentField(null=True)
    requested_by = CharField(200, null=True)
    requested_log_level = CharField(10, null=True)
    last_start_time = MomentField(null=True)
    last_end_time = MomentField(null=True)
    message = TextField(default="")
    next_due = MomentField(null=True)
    anchor = MomentField(null=True)
    events = IntegerField(default=0)
    job_id = IntegerField(null=True)
    failed_job = IntegerField(null=True)
    failures = IntegerField(default=0)
    retried_job = IntegerField(null=True)

    class Meta:
        # Unplanned, due, upcoming and the next wake-up are reads of the first index, requests of the second.
        # Not partial ones: SQLite cannot see that a bound parameter meets their condition, MariaDB has none. (Those of
        # failed_job, and of queue and requested_at, are in the migrated tables: a comparison of the column is enough
        # for "IS NOT NULL".)
        indexes = (
            (("disabled", "job_id", "next_due", "seqno"), False),
            (("job_id", "requested_at"), False),
            (("seqno",), False),
            (("name",), False),
            (("procedure",), False),
            (("failed_job",), False),
            (("procedure", "disabled", "job_id", "next_due", "seqno"), False),
            (("queue", "priority", "disabled", "job_id", "next_due", "seqno"), False),
            (("queue", "job_id", "requested_at"), False),
        )
        table_function = table_of

    def __init_subclass__(cls) -> None:
        """A class that does not say its `kind` is called after the plugin's module; one that says "" is abstract."""
        if "kind" not in vars(cls):
            cls.kind = f"{cls.__module__.removesuffix('.models').rpartition('.')[2]}.{cls.__name__}"

    @classmethod
    def validate_model(cls) -> None:
        """Peewee calls this when a class is complete: from now on this process knows the kind."""
        super().validate_model()
        if cls.kind:
            place = (cls.__module__, cls.__qualname__)
            _define([*(one for one in _defined if (one.__module__, one.__qualname__) != place), cls])

    def __str__(self) -> str:
        return f"{self.verbose_name} #{self.seqno} ({self.name})"

    def save(self, force_insert: bool = False, only: Any = None) -> Any:
        """Write the changed columns.

        An edit of the schedule, an enabling or disabling also make `next_due` NULL, and take back a retry. Emptying
        `last_start_time`, as the Lino page's session does to have tasks run anew, makes the task one that never ran:
        its `anchor` goes, too. One who switches a task has seen to its failure.
        """
        self.name = self.name or self.procedure.name
        changed = self.changed_columns()
        anew = "last_start_time" in changed and self.last_start_time is None
        also = (["next_due", "retried_job"] if anew or changed & REPLANNING else []) + (["anchor"] if anew else [])
        also += ["failed_job"] if "disabled" in changed else []
        for name in also:
            setattr(self, name, None)
            self._write_also(name)
        if "disabled" in changed and not self.disabled:
            self.failures = 0
            self._write_also("failures")
            also.append("failures")
        return super().save(force_insert, None if only is None else [*only, *also])

    def duplicate(self, **columns: object) -> Self:
        """Save a copy directly below, under a name of its own; it never ran, and nobody requested it."""
        from linod.ordering import copy_name

        model = type(self)

        def taken(name: str) -> bool:
            return bool(model.select().where(model.name == name).exists())

        return super().duplicate(**{"name": copy_name(self.name, NAME_LENGTH, taken), **columns})

    def run_now(self, by: str = "") -> bool:
        """Ask the daemon to run this task as soon as possible, whatever its schedule says.

        by       who asks; else the user that this process runs as.
        Returns  False when a request waits already.
        """
        from linod.models.requests import request

        self._check_attached()
        return request(self, by)

    def cancel_run(self, by: str = "") -> bool:
        """Take back the request. What runs already goes on. Returns False when none waits (any more)."""
        from linod.models.requests import withdraw

        self._check_attached()
        return withdraw(self, by)

    def run(self, ar: "BaseRequest", lgr: "Logger | None" = None) -> Any:
        """Run this task here and now, whatever its schedule says, and wait for its end.

        In a job its procedure runs as a part of that job. Elsewhere `ar` is a request of `linod.foreground`: it takes
        the database lock, and a job is made and run in this process.

        lgr      what the procedure logs through; else the logger of `ar`.
        Returns  the job: inside one `ar.job`.
        Raises   Busy while a daemon serves the site: ask it with `run_now()`.
        Source   Lino's linod page, "Class reference".
        """
        return ar.run_task(self, lgr)

    @property
    def when(self) -> str:
        """How often it runs, in words: "Every day", "Every 10 seconds"."""
        from linod.models.rows import task_of
        from linod.recurrence.when import when

        return when(task_of(self))

    def get_next_suggested_date(self, moment: datetime) -> datetime | None:
        """The moment one interval later, whatever the rest of the schedule says: 23:59:55 + 10 s = 00:00:05."""
        from linod.models.rows import task_of
        from linod.recurrence import get_next_suggested_date

        return get_next_suggested_date(task_of(self), moment)


EVERY_TASK = frozenset(Runnable._meta.fields)
"""The columns of every kind."""


class SystemTask(Runnable):
    """The plain kind of task."""

    kind = SYSTEM_TASK
    verbose_name = "System task"

    class Meta:
        table_name = "linod_systemtask"


@cache
def own_columns(model: type[Runnable]) -> tuple[str, ...]:
    """The names of the columns that a kind has beside those of every task."""
    return tuple(name for name in model._meta.sorted_field_names if name not in EVERY_TASK)


def kinds_defined() -> "list[type[Runnable]]":
    """The kinds that plugins define, in order; a name may come twice."""
    return [model for model in _defined if model is not SystemTask]


def forget_kinds(plugin: str) -> None:
    """Take back what a plugin has defined whose import failed: half a plugin is none."""
    _define([model for model in _defined if not f"{model.__module__}.".startswith(f"{plugin}.")])


def kind_model(kind: str) -> type[Runnable]:
    """The model of a kind.

    Raises  KeyError for an unknown one.
    """
    return KINDS[kind]
