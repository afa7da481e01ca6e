"""Kinds of task that plugins bring: their tables, and the one order over all kinds."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import peewee
import pytest

from linod import models
from linod.errors import BadValue
from linod.jobs import State
from linod.kinds import Kind, OwnColumn
from linod.lists import Wanted
from linod.models import Runnable, detached, task_row
from linod.models.kinds import stored_model
from linod.models.runnable import own_columns
from linod.store import Store, tasks
from linod.store.query import compile_query
from linod.tasks import SYSTEM_TASK, Task, TaskKey
from tests.store.moments import BROKEN, DAY, HOUR, NOON, SECOND, add, again, claim_request, claim_slot, end, tomorrow
from tests.store.test_migrations import schema

INVOICING = "invoicing.Task"

JOURNAL = OwnColumn("journal", "text", 20)
OFFSET = OwnColumn("offset", "integer", default=-1)
COLUMNS = (JOURNAL, OFFSET)

EVERYTHING = (
    OwnColumn("note", "text", default="it's"),
    OwnColumn("on", "boolean", default=True),
    OwnColumn("rate", "number", default=0.5),
    OwnColumn("since", "date", default="2026-02-28"),
    OwnColumn("at", "time", default="04:30:00"),
    OwnColumn("seen", "moment", null=True),
)


def kind(*columns: OwnColumn, name: str = INVOICING, table: str = "invoicing_task", **more: Any) -> Kind:
    return Kind(name, table, "invoicing", columns, file="/site/invoicing.py", line=7, **more)


@pytest.fixture
def both(store: Store) -> Store:
    """A store with invoicing tasks beside the system tasks."""
    assert store.adopt_kinds([kind(*COLUMNS)]) == {}
    return store


def invoice(store: Store, name: str, due: datetime | None = None, **columns: object) -> Task:
    task = store.add("run", name, {"every_unit": "daily", "journal": "SLS", **columns}, INVOICING)
    if due is not None:
        assert store.plan(task, due)
    return again(store, task)


def test_the_table_of_a_kind_has_the_columns_of_every_task_and_its_own(both: Store, path: Path) -> None:
    model: Any = stored_model(kind(*COLUMNS))
    declared: Any = peewee.SqliteDatabase(":memory:")
    with declared.bind_ctx([model], False, False):
        declared.create_tables([model])
    migrated = sqlite3.connect(path)
    assert schema(migrated, "invoicing_task") == schema(declared.connection(), "invoicing_task")
    migrated.close()
    declared.close()


def test_values_of_its_own_come_back_as_they_went_also_as_text(store: Store) -> None:
    store.adopt_kinds([kind(*EVERYTHING)])
    defaults = {"note": "it's", "on": True, "rate": 0.5, "since": date(2026, 2, 28), "at": time(4, 30), "seen": None}
    task = store.add("run", "a", {}, INVOICING)
    assert dict(task.own) == defaults

    texts = {
        "note": "other",
        "on": "no",
        "rate": "1.25",
        "since": "1.3.2026",
        "at": "5:00",
        "seen": "2026-11-24T03:00Z",
    }
    before, after = store.set_columns(task.key, texts)
    moment = datetime(2026, 11, 24, 3, tzinfo=UTC)
    assert (before, dict(after.own)) == (
        task,
        {"note": "other", "on": False, "rate": 1.25, "since": date(2026, 3, 1), "at": time(5), "seen": moment},
    )
    assert store.set_columns(task.key, {**texts, "rate": 1.25}) == (after, after)  # nothing is written
    assert dict(store.duplicate(task.key, {"rate": 2}).own) == {**after.own, "rate": 2.0}


def test_a_row_that_an_application_inserts_has_the_defaults(store: Store, path: Path) -> None:
    store.adopt_kinds([kind(*EVERYTHING)])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("INSERT INTO invoicing_task (seqno, name, procedure) VALUES (1, 'own', 'run')")
    other.close()
    assert again(store, Task(INVOICING, 1, 1, "", "")).own == store.add("run", "a", {}, INVOICING).own


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ({}, "journal: needs a value"),
        ({"journal": "SLS", "offset": "soon"}, "offset: 'soon' is not a whole number"),
        ({"journal": "S" * 21}, "journal: needs 1 to 20 characters, not 21"),
        ({"journal": "none"}, "journal: needs a value"),
        ({"jurnal": "SLS"}, "did you mean 'journal'?"),
        ({"journal": "SLS", "start_time": "5", "every_unit": "daily"}, "start_time"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(both: Store, columns: dict[str, object], text: str) -> None:
    with pytest.raises(BadValue, match=text.replace("?", r"\?")):
        both.add("run", "a", columns, INVOICING)
    assert both.count_tasks() == 0


def test_a_system_task_has_no_column_of_another_kind(both: Store) -> None:
    with pytest.raises(BadValue, match="there is no such column"):
        both.set_columns(add(both).key, {"journal": "SLS"})


def test_a_start_knows_the_kinds_without_any_plugin(both: Store, url: str) -> None:
    task = invoice(both, "a", due=NOON)
    job = claim_slot(both, task)
    second = Store(url)
    second.open()
    assert second.known_kinds() == both.known_kinds()
    assert second.task(task.key) == again(both, task)
    assert [one.id for one in second.interrupt_unfinished(NOON, "ended", tomorrow)] == [job.id]
    assert again(second, task).job_id is None
    assert second.adopt_kinds([kind(*COLUMNS)]) == {}
    second.close()
    looking = Store(url, read_only=True)
    looking.open()
    assert looking.count_tasks() == 1
    looking.close()


def test_adopting_the_same_again_writes_nothing(both: Store) -> None:
    probe = both.data_version_probe()
    assert probe.changed() and not probe.changed()
    both.adopt_kinds([kind(*COLUMNS)])
    assert not probe.changed()


def test_a_new_column_is_added_with_its_default_or_null(both: Store) -> None:
    task = invoice(both, "a", offset=3)
    assert both.adopt_kinds([kind(JOURNAL, *COLUMNS[1:], OwnColumn("limit", "number", null=True), EVERYTHING[0])]) == {}
    assert dict(again(both, task).own) == {"journal": "SLS", "offset": 3, "limit": None, "note": "it's"}
    _, changed = both.set_columns(task.key, {"limit": 4})
    assert changed.own["limit"] == 4.0


def test_a_column_that_is_not_defined_any_more_stays(both: Store, path: Path) -> None:
    task = invoice(both, "a", offset=3)
    assert both.adopt_kinds([kind(JOURNAL)]) == {}
    assert both.add("run", "b", {"journal": "PRC"}, INVOICING).own["offset"] == -1
    assert both.adopt_kinds([kind(*COLUMNS)]) == {}
    assert again(both, task).own["offset"] == 3


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (
            kind(OwnColumn("journal", "integer"), OFFSET),
            "its column journal was text(20) when plugin invoicing made the table invoicing_task, and is integer now, "
            "in /site/invoicing.py:7; keep it as it was, and define another column",
        ),
        (kind(OwnColumn("journal", "text", 30), OFFSET), "was text(20) when plugin invoicing made"),
        (kind(OwnColumn("journal", "text", 20, null=True), OFFSET), "and is text(20) null now"),
        (kind(*COLUMNS, OwnColumn("user", "text")), "its new column user has no value in the rows that are there"),
        (
            kind(OFFSET),
            "its column journal was text(20) when plugin invoicing made the table invoicing_task, and is not",
        ),
        (kind(*COLUMNS, table="elsewhere"), "its table was invoicing_task and is elsewhere now; keep the first"),
        (kind(name="other.Task"), "its table invoicing_task is that of invoicing.Task"),
        (kind(name="other.Task", table="strangers"), "there is a table strangers that linod has not made"),
    ],
)
def test_anything_else_refuses_that_kind_and_names_both_definitions(
    both: Store, path: Path, now: Kind, reason: str
) -> None:
    task = invoice(both, "a")
    both._db.execute_sql("CREATE TABLE strangers (id INTEGER)")
    good = kind(name="good.Task", table="good_task")
    refused = both.adopt_kinds([now, good])
    assert list(refused) == [now.name] and reason in refused[now.name]
    assert again(both, task) == task  # as it was, and shown
    assert both.add("p", "g", {}, "good.Task").kind == "good.Task"
    assert [one.name for one in both.known_kinds()] == [INVOICING, "good.Task"]


def test_what_is_due_comes_by_slot_over_all_kinds(both: Store) -> None:
    due = [NOON - HOUR, NOON - 2 * SECOND, NOON - SECOND, NOON]
    for number, moment in enumerate(due):
        (add if number % 2 else invoice)(both, f"t{number}", due=moment)
    invoice(both, "twin", due=NOON, seqno=1)  # of two slots at one moment the lower number is first
    assert [task.name for task in both.due(NOON, 9)] == ["t0", "t1", "t2", "twin", "t3"]
    assert [task.name for task in both.due(NOON, 3)] == ["t0", "t1", "t2"]
    assert both.next_due() == NOON - HOUR
    known = {SYSTEM_TASK: {"t1", "t3"}, INVOICING: {"other"}, "gone.Task": {"run"}}
    assert [task.name for task in both.due(NOON, 9, known)] == ["t1", "t3"]
    assert [task.name for task in both.due(NOON, 9, {INVOICING: {"run"}})] == ["t0", "t2", "twin"]
    assert both.next_due({SYSTEM_TASK: {"run"}}) is None  # the same name, of another kind
    assert [task.name for task in both.upcoming(NOON - HOUR, 2)] == ["t1", "t2"]
    assert both.count_overdue(NOON, SECOND) == 3


def test_requests_come_by_their_moment_over_all_kinds(both: Store) -> None:
    system, other = add(both, "a"), invoice(both, "b", disabled=True)
    both.request(system.key, "ada", NOON + SECOND)
    both.request(other.key, "ada", NOON)
    assert [task.name for task in both.requested(9)] == ["b", "a"]
    assert [task.name for task in both.requested(9, {SYSTEM_TASK: {"a"}, INVOICING: ()})] == ["a"]
    job = claim_request(both, both.requested(1)[0])
    assert (job.kind, job.task_id, job.requested_at) == (INVOICING, other.id, NOON)
    cancelled = both.cancel_request(system.key, NOON + DAY)
    assert cancelled is not None and cancelled.state is State.CANCELLED


def test_a_job_of_a_kind_goes_through_all_arrows_and_leaves_the_other_kind_alone(both: Store) -> None:
    system, other = add(both, "a", due=NOON), invoice(both, "b", due=NOON)
    assert system.id == other.id  # so the kind decides
    job = claim_slot(both, other)
    assert again(both, other).job_id == job.id and again(both, system) == system
    ended = end(both, job, BROKEN)
    assert ended is not None and (ended.kind, ended.disabled, ended.failed_job) == (INVOICING, True, job.id)
    assert [(task.key, failed.id) for task, failed in both.failed_tasks(9)] == [(other.key, job.id)]
    assert [found.id for found in both.jobs(key=other.key, limit=9)] == [job.id]
    assert both.jobs(key=system.key, limit=9) == []
    assert both.counts() == {"tasks": 2, "enabled": 1, "disabled": 1, "running": 0, "requested": 0}
    assert both.remove(other.key) and again(both, system) == system


def test_tasks_are_named_with_their_kind(both: Store) -> None:
    first, second = invoice(both, "b"), invoice(both, "c")
    system = add(both, "a")
    assert both.find("invoicing.Task#2") == both.find("invoicing.Task:2") == both.find("c") == [second]
    assert both.find("#1") == both.find("1") == both.find("a") == [system]
    assert both.find("run") == [first, second]
    assert both.list_tasks(9).tasks == [system, first, second]
    assert both.list_tasks(9, Wanted(kind=INVOICING)).tasks == [first, second]
    assert both.move(second.key, -1)[1].seqno == 1
    assert again(both, system).seqno == 1  # each kind is a list of its own


def test_a_child_gets_the_whole_row(both: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class Invoices(Runnable):
        kind = INVOICING
        journal = peewee.CharField(20)
        offset = peewee.IntegerField(default=-1)
        since = peewee.DateField(null=True)

    row = task_row(invoice(both, "a", offset=7)) | {"since": "2026-11-24"}
    monkeypatch.setitem(models.KINDS, INVOICING, Invoices)
    found: Any = detached(INVOICING, row)
    assert (type(found), found.journal, found.offset, found.since) == (Invoices, "SLS", 7, date(2026, 11, 24))
    assert own_columns(Invoices) == ("journal", "offset", "since")
    with pytest.raises(models.Detached):
        found.offset = 8
        found.save()


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    models.forget_kinds(__name__)


@pytest.mark.parametrize(
    ("build", "args", "index"),
    [
        (tasks._unplanned, (), "disabled_job_id_next_due_seqno"),
        (tasks._due, (False,), "disabled_job_id_next_due_seqno"),
        (tasks._due, (True,), "procedure_disabled_job_id_next_due_seqno"),
        (tasks._requested, (frozenset({"run"}),), "job_id_requested_at"),
        (tasks._upcoming, (False,), "disabled_job_id_next_due_seqno"),
    ],
)
def test_each_read_of_a_pass_is_a_read_of_an_index_of_the_kind(both: Store, build: Any, args: Any, index: str) -> None:
    compiled = compile_query(both._db, build(both.model(INVOICING), *args))
    values: dict[str, object] = dict.fromkeys(("now", "never", "since"), NOON) | {"limit": 5, "procedure": "run"}
    plan = both._db.execute_sql("EXPLAIN QUERY PLAN " + compiled.sql, compiled.parameters(values)).fetchall()
    assert plan[0][3].split("USING")[1].startswith(f" INDEX invoicing_task_{index}"), plan
    assert '"journal"' in compiled.sql  # the whole row


def test_a_later_step_acts_on_every_kind(both: Store, path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from linod import migrations
    from tests.store import next_step

    monkeypatch.setitem(migrations.STEPS, migrations.LATEST + 1, next_step.__name__)
    monkeypatch.setattr(migrations, "LATEST", migrations.LATEST + 1)
    both.close()
    newer = Store(url)
    newer.open()
    newer.adopt_kinds([kind(name="late.Task", table="late_task")])
    newer.close()
    looking = sqlite3.connect(path)
    for table in ("linod_systemtask", "invoicing_task", "late_task"):
        assert "colour" in [row[1] for row in looking.execute(f"PRAGMA table_info({table})")], table
    looking.close()


def test_a_task_of_a_kind_without_a_table_is_no_task(store: Store) -> None:
    assert store.task(TaskKey(INVOICING, 1)) is None
    assert store.find("invoicing.Task:1") == []
    with pytest.raises(BadValue, match="no table here"):
        store.add("run", "a", {}, INVOICING)
