"""Version 1: tasks, jobs, installed procedures, operators' changes, users."""

from collections.abc import Iterator

RUNNABLE = """
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "seqno" INTEGER NOT NULL,
    "every_unit" VARCHAR(20) NOT NULL DEFAULT 'never',
    "every" INTEGER NOT NULL DEFAULT 1,
    "positions" VARCHAR(50) NOT NULL DEFAULT '',
    "monday" INTEGER NOT NULL DEFAULT 0,
    "tuesday" INTEGER NOT NULL DEFAULT 0,
    "wednesday" INTEGER NOT NULL DEFAULT 0,
    "thursday" INTEGER NOT NULL DEFAULT 0,
    "friday" INTEGER NOT NULL DEFAULT 0,
    "saturday" INTEGER NOT NULL DEFAULT 0,
    "sunday" INTEGER NOT NULL DEFAULT 0,
    "max_events" INTEGER,
    "start_date" DATE,
    "start_time" TIME,
    "end_date" DATE,
    "end_time" TIME,
    "time_zone" VARCHAR(64),
    "name" VARCHAR(200) NOT NULL,
    "procedure" VARCHAR(100) NOT NULL,
    "log_level" VARCHAR(10) NOT NULL DEFAULT 'INFO',
    "disabled" INTEGER NOT NULL DEFAULT 0,
    "requested_at" DATETIME,
    "requested_by" VARCHAR(200),
    "requested_log_level" VARCHAR(10),
    "last_start_time" DATETIME,
    "last_end_time" DATETIME,
    "message" TEXT NOT NULL DEFAULT '',
    "next_due" DATETIME,
    "anchor" DATETIME,
    "events" INTEGER NOT NULL DEFAULT 0,
    "job_id" INTEGER
"""
"""The columns of every kind of task. The defaults are for rows that an application inserts with SQL of its own."""

RUNNABLE_INDEXES = ("disabled, job_id, next_due, seqno", "job_id, requested_at", "seqno", "name", "procedure")

JOB = """
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "kind" VARCHAR(100) NOT NULL,
    "task_id" INTEGER NOT NULL,
    "task_name" VARCHAR(200) NOT NULL,
    "procedure" VARCHAR(100) NOT NULL,
    "state" VARCHAR(20) NOT NULL,
    "slot" DATETIME,
    "slot_last" DATETIME,
    "slot_count" INTEGER,
    "requested_at" DATETIME,
    "requested_by" VARCHAR(200),
    "attempt" INTEGER NOT NULL,
    "log_level" VARCHAR(10) NOT NULL,
    "node" VARCHAR(64) NOT NULL,
    "boot_id" VARCHAR(64) NOT NULL,
    "claimed_at" DATETIME NOT NULL,
    "pid" INTEGER,
    "pid_started" INTEGER,
    "started_at" DATETIME,
    "ended_at" DATETIME,
    "message" TEXT NOT NULL,
    "traceback" TEXT NOT NULL,
    "exit_code" INTEGER,
    "exit_signal" INTEGER,
    "log" TEXT NOT NULL,
    "log_lines" INTEGER NOT NULL,
    "log_dropped" INTEGER NOT NULL
"""

INSTALLED = """
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "kind" VARCHAR(100) NOT NULL,
    "procedure" VARCHAR(100) NOT NULL,
    "installed_at" DATETIME NOT NULL
"""

CHANGE = """
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "at" DATETIME NOT NULL,
    "uid" INTEGER NOT NULL,
    "gid" INTEGER NOT NULL,
    "user" VARCHAR(200) NOT NULL,
    "action" VARCHAR(40) NOT NULL,
    "kind" VARCHAR(100),
    "task_id" INTEGER,
    "task_name" VARCHAR(200),
    "before" TEXT NOT NULL,
    "after" TEXT NOT NULL
"""

USER = """
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "username" VARCHAR(200) NOT NULL
"""


def table(name: str, columns: str) -> str:
    return f'CREATE TABLE "{name}" ({columns})'


def index(name: str, columns: str, unique: bool = False) -> str:
    word = "UNIQUE INDEX" if unique else "INDEX"
    label = "_".join([name, *columns.split(", ")])
    return f'CREATE {word} "{label}" ON "{name}" ({columns})'


def of_kind(kind: str, name: str) -> Iterator[str]:
    """The table of one kind of task, with its indexes."""
    yield table(name, RUNNABLE)
    for columns in RUNNABLE_INDEXES:
        yield index(name, columns)


def statements() -> Iterator[str]:
    yield table("linod_schema", '"version" INTEGER NOT NULL PRIMARY KEY')
    yield table("linod_job", JOB)
    yield index("linod_job", "kind, task_id, slot, attempt", unique=True)
    yield index("linod_job", "kind, task_id, id")
    yield index("linod_job", "state")
    yield table("linod_installed", INSTALLED)
    yield index("linod_installed", "kind, procedure", unique=True)
    yield table("linod_change", CHANGE)
    yield index("linod_change", "kind, task_id, id")
    yield table("linod_user", USER)
    yield index("linod_user", "username", unique=True)
