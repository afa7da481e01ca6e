"""`linod`, with a name for every point of its way, at which it, its host, or both are killed (-9).

The points are found, not written down: before each statement of a transaction that writes, after its commit, and
before and after an order is written. FAILPOINT names the one to die at, FAILPOINT_KILLS the victims. All that are
passed are written to FAILPOINT_RECORD, one a line.
"""

import json
import os
import select
import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

RECORD = os.environ["FAILPOINT_RECORD"]
POINT = os.environ["FAILPOINT"]
VICTIMS = os.environ["FAILPOINT_KILLS"].split("+")
LOCK_FILE = Path(os.environ["STATE_DIRECTORY"]) / "linod.sqlite.lock"

passed: Counter[str] = Counter()
one_at_a_time = threading.Lock()


def point(text: str) -> None:
    """One point of the way. Its number tells it from others of the same text."""
    with one_at_a_time:
        passed[text] += 1
        name = f"{text} [{passed[text]}]"
        descriptor = os.open(RECORD, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, name.encode() + b"\n")
        os.close(descriptor)
        if name == POINT:
            die()


def die() -> None:
    if "host" in VICTIMS:
        pid = json.loads(LOCK_FILE.read_text())["host_pid"]
        with suppress(ProcessLookupError):
            pidfd = os.pidfd_open(pid)
            os.kill(pid, signal.SIGKILL)
            select.select([pidfd], [], [])
            os.close(pidfd)
    if "daemon" in VICTIMS:
        os.kill(os.getpid(), signal.SIGKILL)


class Cursor(sqlite3.Cursor):
    def execute(self, sql: str, *parameters: Any) -> Any:
        inside = self.connection.in_transaction or sql.startswith("BEGIN")
        if inside and not sql.startswith("SELECT"):  # before one that only reads it is as before the next
            point(f"before {sql[:60]}")
        result = super().execute(sql, *parameters)
        if sql == "COMMIT":
            point("after COMMIT")
        return result


class Connection(sqlite3.Connection):
    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(Cursor)

    def commit(self) -> None:
        point("before COMMIT")
        super().commit()
        point("after COMMIT")


def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
    return Connection(*arguments, **options)


def between_points(owner: type, name: str) -> None:
    """Points before and after a method."""
    method: Callable[..., Any] = getattr(owner, name)

    def passing(*arguments: Any, **options: Any) -> Any:
        point(f"before {owner.__name__}.{name}")
        result = method(*arguments, **options)
        point(f"after {owner.__name__}.{name}")
        return result

    setattr(owner, name, passing)


def main() -> None:
    # peewee takes `connect` from one of the two when it is imported
    sqlite3.connect = sqlite3.dbapi2.connect = connect  # type: ignore[assignment]
    from linod.cli.linod import main as linod
    from linod.host.children import Child
    from linod.host.client import HostClient
    from linod.runner import runner

    runner.NOTED_WITHIN = 0.3  # on a busy machine, too, a quick job ends within it
    between_points(Child, "prepare")
    between_points(Child, "send")
    between_points(HostClient, "start_job")
    linod()


main()
