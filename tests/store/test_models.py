"""The models in a program that uses them directly, and detached as a procedure gets them."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import peewee
import pytest

from linod import models
from linod.models import Detached, SystemTask, detached, job_row, moment_text, parse_moment, task_of, task_row
from linod.procedures import Procedure, Procedures
from linod.procedures import registry as registered
from linod.store import Store
from linod.tasks import Task, status
from tests.store.moments import NOON, add, again, claim_slot, tomorrow


@pytest.fixture
def bound(store: Store, path: Path) -> Iterator[Store]:
    """The store, and the models bound to the same database, as a site's own program may have them."""
    database = peewee.SqliteDatabase(str(path))
    models.database.initialize(database)
    yield store
    database.close()
    models.database.initialize(None)


def test_an_instance_says_when_it_runs() -> None:
    assert SystemTask(name="a", procedure="a", every_unit="secondly", every=10).when == "Every 10 seconds"


def test_moments_are_stored_so_that_they_sort_as_text(store: Store, path: Path) -> None:
    early = add(store, "early", due=NOON.replace(microsecond=0))
    late = add(store, "late", due=(NOON.replace(microsecond=1)).astimezone(timezone(timedelta(hours=-5))))

    columns = [row[0] for row in store._db.execute_sql("SELECT next_due FROM linod_systemtask ORDER BY next_due")]

    assert columns == ["2026-11-24 12:00:00.000000", "2026-11-24 12:00:00.000001"]
    assert store.due(NOON, 2) == [early, late]
    assert late.next_due == NOON.replace(microsecond=1)


def test_a_moment_without_a_zone_is_refused(store: Store) -> None:
    task = add(store)
    with pytest.raises(ValueError, match="next_due"):
        store.plan(task, datetime(2026, 11, 24))


def test_every_column_comes_back_as_it_went(store: Store) -> None:
    columns = {
        "every": 3,
        "every_unit": "weekly",
        "positions": "",
        "monday": True,
        "sunday": True,
        "max_events": 9,
        "start_date": date(2026, 2, 28),
        "start_time": time(4, 0, 30),
        "end_date": date(2027, 1, 1),
        "end_time": time(5),
        "time_zone": "Europe/Brussels",
        "missed": "skip",
        "log_level": "DEBUG",
        "disabled": True,
        "seqno": 12,
    }
    task = store.add("p", "n", columns)
    assert {name: getattr(task, name) for name in columns} == columns


def test_the_page_session_makes_tasks_run_anew(bound: Store) -> None:
    """Lino's page: `obj.last_start_time = None; obj.disabled = False; obj.save()` for every task."""
    task = add(bound, due=NOON)
    job = claim_slot(bound, task)
    bound.interrupt_unfinished(NOON, "ended", tomorrow)
    assert job.slot == NOON

    for row in SystemTask.select():
        row.last_start_time = None
        row.disabled = False
        row.save()

    found = again(bound, task)
    assert bound.unplanned(5) == [found]
    assert found.last_start_time is None
    assert status(found, NOON, ZoneInfo("UTC")) == "Scheduled to run asap"


def test_saving_writes_only_changed_columns(bound: Store) -> None:
    """Defect 3 of the original: a stale full save undid another's edit."""
    task = add(bound, due=NOON)
    stale = SystemTask.get_by_id(task.id)
    bound.set_columns(task.key, {"disabled": True, "log_level": "DEBUG"})

    stale.disabled = False  # it was so when it was read: no change
    stale.name = "other"
    assert stale.save() == 1

    found = again(bound, task)
    assert (found.name, found.disabled, found.log_level, found.next_due) == ("other", True, "DEBUG", None)
    assert stale.save() == 0


def test_saving_a_schedule_column_has_the_task_planned_anew_and_another_does_not(bound: Store) -> None:
    task = add(bound, due=NOON)
    row = SystemTask.get_by_id(task.id)
    row.log_level = "ERROR"
    row.save()
    assert again(bound, task).next_due == NOON
    row.every = 2
    row.save(only=[SystemTask.every])
    assert again(bound, task).next_due is None


def test_saving_a_part_keeps_the_other_changes_for_later(bound: Store) -> None:
    row = SystemTask.get_by_id(add(bound).id)
    row.name, row.log_level = "renamed", "ERROR"
    row.save(only=["name"])
    assert row.changed_columns() == {"log_level"}


def test_a_new_row_gets_the_next_number_and_its_name(bound: Store) -> None:
    add(bound, seqno=41)
    row = SystemTask(procedure="p", every_unit="daily")
    row.save()
    assert (row.seqno, row.name, str(row)) == (42, "p", "System task #42 (p)")
    assert again(bound, task_of(row)).next_due is None


def test_get_next_suggested_date_is_the_pure_step_of_the_page() -> None:
    row = SystemTask(procedure="send_pending_emails_often", every=10, every_unit="secondly", name="n", seqno=1)
    row.id = 1
    moment = datetime(2025, 5, 16, 23, 59, 55, tzinfo=UTC)
    assert row.get_next_suggested_date(moment) == datetime(2025, 5, 17, 0, 0, 5, tzinfo=UTC)


def test_a_step_from_a_moment_with_a_zone_keeps_it() -> None:
    row = SystemTask(procedure="p", name="n", every_unit="weekly", saturday=True, start_time=time(4))
    moment = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert row.get_next_suggested_date(moment) == datetime(2026, 11, 28, 4, tzinfo=UTC)
    assert row.get_next_suggested_date(moment.replace(tzinfo=None)) == datetime(2026, 11, 28, 4)


def test_the_procedure_is_one(bound: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Procedures()
    monkeypatch.setattr(registered, "procedures", registry)
    known = registry.add(Procedure("checkdata", "demo", print, defaults={"every_unit": "daily"}))
    add(bound)
    row = SystemTask.objects.get(procedure=known)
    assert row.procedure is known
    row.procedure = Procedure("other", "demo")
    assert row.changed_columns() == {"procedure"}
    row.save()
    assert again(bound, task_of(row)).procedure == "other"
    assert SystemTask.objects.get(procedure="other").procedure == Procedure("other", "")  # not registered here


def test_objects(bound: Store) -> None:
    for name, number in (("b", 2), ("a", 1), ("c", 3)):
        add(bound, name, seqno=number)
    assert [row.name for row in SystemTask.objects.all()] == ["a", "b", "c"]
    assert SystemTask.objects.get(name="b").seqno == 2
    assert SystemTask.objects.filter(disabled=True).count() == 0
    with pytest.raises(peewee.DoesNotExist, match="SystemTask: no row with name=d"):
        SystemTask.objects.get(name="d")
    with pytest.raises(LookupError, match="several rows"):
        SystemTask.objects.get(disabled=False)
    with pytest.raises(AttributeError, match=r"SystemTask\.objects"):
        _ = SystemTask.objects.get(name="a").objects


def test_start_datetime_is_date_and_time_in_one(bound: Store) -> None:
    task = add(bound, start_date="2026-11-24")
    row = SystemTask.objects.get(id=task.id)
    assert row.start_datetime == datetime(2026, 11, 24)
    row.start_datetime = datetime(2027, 1, 2, 3, 4)
    row.save()
    found = again(bound, task)
    assert (found.start_date, found.start_time) == (date(2027, 1, 2), time(3, 4))
    with pytest.raises(ValueError, match="has a zone"):
        row.start_datetime = NOON
    row.start_datetime = None
    assert (row.start_date, row.start_time, row.start_datetime) == (None, None, None)


def test_an_instance_requests_and_cancels(bound: Store) -> None:
    """Defect 2 of the original: cancelling a request ran the task, and lost when it last ran."""
    task = add(bound, due=NOON)
    row = SystemTask.objects.get(id=task.id)
    row.log_level = "ERROR"
    assert row.run_now("robin")
    asked = again(bound, task)
    assert (asked.requested_at, asked.requested_by, asked.log_level) == (row.requested_at, "robin", "INFO")
    assert bound.requested(5) == [asked]
    assert not SystemTask.objects.get(id=task.id).run_now()
    assert again(bound, task) == asked

    assert row.cancel_run("luc")
    assert again(bound, task) == task
    (job,) = bound.jobs(limit=5)
    assert (job.state, job.requested_by, job.message) == ("cancelled", "robin", "The request was cancelled by luc")
    assert not row.cancel_run()
    assert row.changed_columns() == {"log_level"}  # as it was assigned


def test_a_row_goes_through_json_to_a_detached_instance(store: Store) -> None:
    task = add(store, due=NOON, start_time="04:00", start_date="2026-11-24", monday=True)

    wire = json.loads(json.dumps(task_row(task)))
    instance = detached(wire["kind"], {**wire, "column_of_a_newer_linod": 1})

    assert task_of(instance) == task
    assert wire["next_due"] == "2026-11-24T12:00:00.000500Z"
    assert wire["start_time"] == "04:00:00"
    assert "timeout" not in wire and instance.timeout is None
    instance.timeout = None
    assert instance.changed_columns() == set()


def test_a_detached_instance_says_that_it_cannot_be_saved() -> None:
    instance = detached("linod.SystemTask", task_row(Task("linod.SystemTask", 1, 1, "n", "p")))
    instance.name = "other"
    with pytest.raises(Detached, match=r"System task #1 .*not saved"):
        instance.save()
    with pytest.raises(Detached):
        instance.run_now()


def test_a_job_is_safe_for_json(store: Store) -> None:
    job = claim_slot(store, add(store, due=NOON))
    row = json.loads(json.dumps(job_row(job)))
    assert (row["state"], row["slot"], row["task_name"]) == ("claimed", "2026-11-24T12:00:00.000500Z", "checkdata")


def test_moments_in_json_are_rfc_3339_in_utc() -> None:
    moment = datetime(2026, 11, 24, 5, tzinfo=timezone(timedelta(hours=1)))
    assert moment_text(moment) == "2026-11-24T04:00:00Z"
    assert parse_moment("2026-11-24T05:00:00+01:00") == moment
    with pytest.raises(ValueError, match="no zone"):
        parse_moment("2026-11-24T05:00:00")
