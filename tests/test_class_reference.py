"""Every class, attribute and method of the page's class reference exists, and does what the page says.

What each does in detail is tested beside it; here is the page, in its order.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path

import peewee
import pytest

from linod import models
from linod.foreground import Place, request
from linod.loglevels import LogLevel, LogLevels
from linod.models import RecurrenceSet, Runnable, Sequenced, SystemTask
from linod.procedures import Procedure, background_task, procedures, schedule_daily, schedule_often
from linod.request import BaseRequest
from linod.store import Store
from linod.tables import SystemTasks

calls: list[BaseRequest] = []


@pytest.fixture
def registered() -> Iterator[Procedure]:
    def reference_task(ar: BaseRequest) -> None:
        calls.append(ar)

    background_task(every_unit="weekly", every=2, start_datetime="2026-12-24 04:00")(reference_task)
    calls.clear()
    yield procedures.reference_task
    procedures.forget(procedures.reference_task.plugin)


@pytest.fixture
def place(registered: Procedure, tmp_path: Path) -> Iterator[Place]:
    """A site with a task for the procedure, as a start of the daemon installs it."""
    found = Place("site", f"sqlite:///{tmp_path / 'linod.sqlite'}", "Europe/Brussels", "robin")
    store = Store(found.database)
    store.open()
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert [task.name for task in store.install([registered], now, now.date())] == ["reference_task"]
    store.close()
    database = peewee.SqliteDatabase(str(found.database_file))
    models.database.initialize(database)
    yield found
    database.close()
    models.database.initialize(None)


def test_the_decorators() -> None:
    for decorator in (schedule_daily, schedule_often, background_task):
        assert callable(decorator())


def test_procedure(registered: Procedure) -> None:
    ar = BaseRequest()
    assert registered.func is not None
    assert (registered.every_unit, registered.every_value) == ("weekly", 2)
    assert registered.start_datetime == datetime(2026, 12, 24, 4)
    registered.run(ar)
    assert calls == [ar]


def test_procedures_and_log_levels(registered: Procedure) -> None:
    assert procedures.get("reference_task") is registered
    assert [(level.text, level.value) for level in LogLevels] == [
        ("DEBUG", 10),
        ("INFO", 20),
        ("WARNING", 30),
        ("ERROR", 40),
        ("CRITICAL", 50),
    ]


def test_system_task(place: Place, registered: Procedure) -> None:
    assert {Sequenced, RecurrenceSet, Runnable} <= set(SystemTask.__mro__)
    task = SystemTask.objects.get(procedure=registered)
    assert task.start_datetime == registered.start_datetime
    assert (task.every, task.every_unit, task.start_time) == (2, "weekly", time(4))
    assert [row.id for row in SystemTasks.rows()] == [task.id]
    job = task.run(request(place))
    assert (job.state, len(calls)) == ("succeeded", 1)
    assert calls[0].user["username"] == "robin"


def test_runnable(place: Place, registered: Procedure) -> None:
    task = SystemTask.objects.get(procedure=registered)
    assert task.procedure is registered
    assert (task.requested_at, task.last_start_time, task.last_end_time, task.message) == (None, None, None, "")
    assert (task.disabled, LogLevel[task.log_level]) == (False, LogLevel.INFO)
    assert task.run_now() and task.requested_at is not None
    assert task.cancel_run() and task.requested_at is None
    task.run(request(place))
    ran = SystemTask.objects.get(id=task.id)
    assert ran.last_start_time <= ran.last_end_time
    assert ran.get_next_suggested_date(datetime(2026, 11, 24, 12)) == datetime(2026, 12, 8, 4)


def test_a_failure_cancels_the_rule(place: Place, registered: Procedure, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(ar: BaseRequest) -> None:
        raise ValueError("bad voucher 17")

    monkeypatch.setitem(procedures._first, registered.name, registered._replace(func=fails))
    task = SystemTask.objects.get(procedure=registered)
    assert task.run(request(place)).state == "failed"
    failed = SystemTask.objects.get(id=task.id)
    assert failed.disabled
    assert "bad voucher 17" in failed.message
