"""What happened: jobs, installed procedures, kinds of task, operators' changes; and the users of the site."""

from peewee import BigIntegerField, CharField, FloatField, IntegerField, TextField

from linod.models.fields import MomentField, NewIdField
from linod.models.table import Table


class Job(Table):
    """One execution of a task, or why there was none. The columns mean what the fields of `linod.jobs.Job` mean."""

    id = NewIdField()
    kind = CharField(100)
    task_id = IntegerField()
    task_name = CharField(200)
    procedure = CharField(100)
    state = CharField(20)
    slot = MomentField(null=True)
    slot_last = MomentField(null=True)
    slot_count = IntegerField(null=True)
    requested_at = MomentField(null=True)
    requested_by = CharField(200, null=True)
    attempt = IntegerField(default=1)
    log_level = CharField(10)
    node = CharField(64)
    boot_id = CharField(64)
    claimed_at = MomentField()
    pid = IntegerField(null=True)
    pid_started = IntegerField(null=True)
    started_at = MomentField(null=True)
    ended_at = MomentField(null=True)
    message = TextField(default="")
    traceback = TextField(default="")
    exit_code = IntegerField(null=True)
    exit_signal = IntegerField(null=True)
    log = TextField(default="")
    log_lines = IntegerField(default=0)
    log_dropped = IntegerField(default=0)
    cpu_seconds = FloatField(null=True)
    memory_peak = BigIntegerField(null=True)
    bytes_read = BigIntegerField(null=True)
    bytes_written = BigIntegerField(null=True)
    processes = IntegerField(null=True)

    class Meta:
        table_name = "linod_job"
        indexes = (
            (("kind", "task_id", "slot", "attempt"), True),
            (("kind", "task_id", "id"), False),
            (("kind", "task_id", "state"), False),  # of ended jobs
            (("state",), False),
        )


class Installed(Table):
    """A procedure that once got a task: what an operator deleted stays deleted."""

    id = NewIdField()
    kind = CharField(100)
    procedure = CharField(100)
    installed_at = MomentField()

    class Meta:
        table_name = "linod_installed"
        indexes = ((("kind", "procedure"), True),)


class Change(Table):
    """One act of an operator. `before` and `after` are JSON objects of the columns that it changed."""

    id = NewIdField()
    at = MomentField()
    uid = IntegerField()
    gid = IntegerField()
    user = CharField(200)
    action = CharField(40)
    kind = CharField(100, null=True)
    task_id = IntegerField(null=True)
    task_name = CharField(200, null=True)
    before = TextField(default="{}")
    after = TextField(default="{}")

    class Meta:
        table_name = "linod_change"
        indexes = (
            (("kind", "task_id", "id"), False),
            (("task_name",), False),  # of tasks that were removed
        )


class KnownKind(Table):
    """A kind of task that a plugin has brought. `definition` is the JSON of `linod.kinds.Kind`, with all the columns of
    its own that the table has."""

    id = NewIdField()
    name = CharField(100, unique=True)
    table_name = CharField(64, unique=True)
    definition = TextField()

    class Meta:
        table_name = "linod_kind"


class User(Table):
    """Somebody in whose name jobs run, or who asks for them. The columns mean what `linod.users.User` says."""

    id = NewIdField()
    username = CharField(200, unique=True)
    language = CharField(35, null=True)
    time_zone = CharField(64, null=True)

    class Meta:
        table_name = "linod_user"
