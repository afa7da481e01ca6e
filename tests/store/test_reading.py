"""What the store finds, and that it finds it by index."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from linod.jobs import State
from linod.models import SystemTask
from linod.runner import Site
from linod.runner.queues import due_first, next_due
from linod.store import Store, changes, lanes, tasks
from linod.store.lanes import Lane
from linod.store.query import compile_query
from linod.store.tasks import FITTING, LONG_AGO
from linod.tasks import NOTHING_TO_PLAN, SYSTEM_TASK, Task
from tests.store.moments import DAY, HOUR, NOON, SECOND, add, again, claim_slot, end, run


@pytest.fixture
def few(store: Store) -> dict[str, Task]:
    """Tasks in every state; the numbers are not in the order of the slots."""
    add(store, "later", due=NOON + HOUR)
    add(store, "second", due=NOON - SECOND)
    add(store, "first", due=NOON - HOUR)
    add(store, "third", due=NOON - SECOND)
    add(store, "ended", due=NOTHING_TO_PLAN)
    add(store, "off", due=NOON - DAY)
    add(store, "running", due=NOON - DAY)
    add(store, "fresh")
    store.set_columns(store.find("off")[0].key, {"disabled": True})
    claim_slot(store, store.find("running")[0])
    return {task.name: task for task in store.list_tasks(99).tasks}


def names(found: list[Task]) -> list[str]:
    return [task.name for task in found]


def test_due_are_enabled_tasks_without_a_job_by_slot_then_number(store: Store, few: dict[str, Task]) -> None:
    assert names(store.due(NOON, 9)) == ["first", "second", "third"]
    assert names(store.due(NOON, 2)) == ["first", "second"]
    assert names(store.due(NOON, 9, {SYSTEM_TASK: {"third", "later"}})) == ["third"]
    assert store.due(NOON, 9, {"other.Task": {"third"}}) == []
    assert names(store.overdue(NOON, timedelta(minutes=1), 9)) == ["first"]
    assert names(store.overdue(NOON, timedelta(0), 2)) == ["first", "second"]
    assert store.count_overdue(NOON, timedelta(0)) == 3
    assert names(store.due(NOON, 9, since=NOON - HOUR)) == ["second", "third"]


def test_upcoming_and_the_next_wake_up(store: Store, few: dict[str, Task]) -> None:
    assert names(store.upcoming(NOON)) == ["later"]
    assert names(store.upcoming(NOON - DAY, 2)) == ["first", "second"]
    assert store.next_due() == NOON - HOUR
    assert store.next_due({SYSTEM_TASK: {"later", "ended"}}) == NOON + HOUR
    assert store.next_due({SYSTEM_TASK: {"ended", "off", "running"}}) is None
    assert store.next_due({}) is None


def test_unplanned_are_enabled_tasks_without_a_job(store: Store, few: dict[str, Task]) -> None:
    assert names(store.unplanned(9)) == ["fresh"]
    assert store.plan(few["fresh"], NOON)
    assert not store.plan(few["fresh"], NOON + DAY)  # somebody else has planned it
    assert again(store, few["fresh"]).next_due == NOON


def test_counts(store: Store, few: dict[str, Task]) -> None:
    store.request(few["later"].key, "ada", NOON)
    counts = {"tasks": 8, "enabled": 7, "disabled": 1, "running": 1, "requested": 1}
    assert store.counts() == counts
    assert store.summary(NOON) == {**counts, "next_due": NOON + HOUR}
    assert store.count_tasks() == 8
    assert store.names(3) == sorted(few)[:3]


def test_tasks_of_a_procedure(store: Store, few: dict[str, Task]) -> None:
    assert store.procedures() == [(SYSTEM_TASK, name) for name in sorted(few)]
    store.set_columns(few["later"].key, {"procedure": "off"})
    assert store.procedures() == [(SYSTEM_TASK, name) for name in sorted(few.keys() - {"later"})]
    assert names(store.of_procedure(SYSTEM_TASK, "off", 9)) == ["later"]  # without the one that is disabled
    assert store.count_of_procedure(SYSTEM_TASK, "off") == 1
    assert store.of_procedure(SYSTEM_TASK, "later", 9) == [] and store.count_of_procedure(SYSTEM_TASK, "later") == 0


def test_of_many_tasks_of_one_name_some_are_found(store: Store) -> None:
    for _ in range(FITTING + 5):
        add(store, "twin")
    assert len(store.find("twin")) == FITTING


def test_tasks_that_cannot_run_hide_none_that_can(store: Store) -> None:
    """Those of a plugin that was left out stand before all others."""
    for number in range(30):
        store.plan(store.add("gone", f"gone {number}", {"every_unit": "daily"}), NOON - DAY)
    add(store, "b", due=NOON - SECOND)
    add(store, "a", due=NOON - 2 * SECOND)
    add(store, "c", due=NOON + HOUR)
    assert names(store.due(NOON, 4, {SYSTEM_TASK: {"a", "b", "c"}})) == ["a", "b"]
    assert names(store.due(NOON, 1, {SYSTEM_TASK: {"a", "b", "c"}})) == ["a"]
    assert store.next_due({SYSTEM_TASK: {"b", "c"}}) == NOON - SECOND
    assert store.next_due({SYSTEM_TASK: {"c"}}) == NOON + HOUR
    assert store.next_due({SYSTEM_TASK: {"d"}}) is None


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("nightly", ["nightly"]),
        ("checkdata", ["checkdata"]),  # a name goes before a procedure
        ("cleanup", ["nightly", "weekly"]),
        ("2", ["nightly"]),
        ("#30", ["weekly"]),
        ("linod.SystemTask#30", ["weekly"]),
        ("linod.SystemTask:1", ["checkdata"]),
        ("invoicing.Task:1", []),
        ("#1", ["checkdata"]),
        ("#999", []),
        ("99999999999999999999", []),
        ("twin", ["twin", "twin"]),
        ("7", ["7"]),  # a name of digits
        ("", []),
        ("Nightly", []),
        ("' OR 1=1 --", []),
    ],
)
def test_tasks_are_found_as_people_name_them(store: Store, reference: str, found: list[str]) -> None:
    for procedure, name, seqno in [
        ("checkdata", "checkdata", 1),
        ("cleanup", "nightly", 20),
        ("cleanup", "weekly", 30),
        ("checkdata", "twin", 40),
        ("checkdata", "twin", 50),
        ("checkdata", "7", 60),
    ]:
        store.add(procedure, name, {"every_unit": "daily", "seqno": seqno})
    assert names(store.find(reference)) == found


def test_jobs_are_listed_the_newest_first(store: Store) -> None:
    one, two = add(store, "one", due=NOON), add(store, "two", due=NOON)
    first = run(store, one)
    second = run(store, two)
    store.request(one.key, "ada", NOON)
    third = store.cancel_request(one.key, NOON)
    assert store.jobs(limit=9) == [third, second, first]
    assert store.jobs(key=one.key, limit=9) == [third, first]
    assert store.jobs(states=["succeeded"], limit=1) == [second]
    assert store.jobs(states=[State.CANCELLED], limit=9) == [third]
    assert store.jobs(before_id=second.id, limit=9) == [first]
    assert store.jobs(key=one.key, states=["succeeded"], before_id=first.id, limit=9) == []
    assert store.job(999) is None


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """20,000 tasks: most far ahead, some of everything else."""
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('many')}/linod.sqlite")
    store.open()
    columns = "seqno, name, procedure, every_unit, next_due, disabled, job_id, requested_at"
    field = SystemTask.next_due
    rows = [
        (
            number,
            f"t{number}",
            f"p{number % 7}",
            "daily",
            None if number % 2000 == 1 else field.db_value(NOON + timedelta(minutes=number - 5)),
            number % 10 == 0,
            number if number % 1000 == 2 else None,
            field.db_value(NOON) if number % 5000 == 3 else None,
        )
        for number in range(20_000)
    ]
    with store.transaction():
        store._db.connection().executemany(
            f"INSERT INTO linod_systemtask ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows
        )
    store._db.execute_sql("ANALYZE")
    yield store
    store.close()


PROCEDURES = frozenset({"p1", "p2"})


@pytest.mark.parametrize("analyzed", [True, False])
@pytest.mark.parametrize(
    ("build", "args", "index"),
    [
        (tasks._unplanned, (), "disabled_job_id_next_due_seqno"),
        (tasks._due, (False,), "disabled_job_id_next_due_seqno"),
        (tasks._due, (True,), "procedure_disabled_job_id_next_due_seqno"),
        (tasks._upcoming, (False,), "disabled_job_id_next_due_seqno"),
        (tasks._upcoming, (True,), "procedure_disabled_job_id_next_due_seqno"),
        (tasks._requested, (None,), "job_id_requested_at"),
        (tasks._requested, (PROCEDURES,), "job_id_requested_at"),
        (tasks._by_name, (), "name"),
        (tasks._by_procedure, (), "procedure"),
        (tasks._by_seqno, (), "seqno"),
        (changes._failed, (), "failed_job"),
        (lanes._due, (True, True, False), "queue_priority_disabled_job_id_next_due_seqno"),
        (lanes._due, (False, False, False), "queue_priority_disabled_job_id_next_due_seqno"),
        (lanes._next_queue, (), "queue_priority_disabled_job_id_next_due_seqno"),
        (lanes._next_priority, (True,), "queue_priority_disabled_job_id_next_due_seqno"),
        (lanes._next_priority, (False,), "queue_priority_disabled_job_id_next_due_seqno"),
        (lanes._requested, (True, PROCEDURES), "queue_job_id_requested_at"),
        (lanes._requested, (False, PROCEDURES), "queue_job_id_requested_at"),
        (lanes._running, (), "job_id_requested_at"),
    ],
)
def test_each_read_of_a_pass_is_a_read_of_an_index(
    many: Store, build: Callable[..., Any], args: tuple[Any, ...], index: str, analyzed: bool
) -> None:
    """20,000 tasks that are not due cost nothing; also when nobody has ever run ANALYZE."""
    many._db.execute_sql("ANALYZE" if analyzed else "DELETE FROM sqlite_stat1")
    many._db.execute_sql("ANALYZE sqlite_master")  # have the planner read it
    compiled = compile_query(many._db, build(SystemTask, *args))
    values: dict[str, object] = dict.fromkeys(("now", "never", "since"), NOON)
    values |= {"limit": 5, "seqno": 5, "name": "t7", "procedure": "p7", "queue": "mail", "priority": 3, "last": 0}
    plan = many._db.execute_sql("EXPLAIN QUERY PLAN " + compiled.sql, compiled.parameters(values)).fetchall()
    steps = [row[3] for row in plan]
    used = steps[0].split("USING")[1].replace("COVERING ", "")
    assert used.startswith(f" INDEX linod_systemtask_{index}"), steps
    assert not [step for step in steps[1:] if "ORDER BY" in step or "SCAN" in step], steps


def test_a_pass_over_many_tasks_visits_few_rows(many: Store) -> None:
    """The same, counted: instructions of SQLite's virtual machine for all reads of a pass."""
    connection = many._db.connection()
    steps = [0]

    def count() -> int:
        steps[0] += 1
        return 0

    connection.set_progress_handler(count, 100)
    try:
        assert len(many.unplanned(500)) == 10
        assert len(many.due(NOON, 8)) == 3
        assert len(many.requested(4)) == 4
        assert len(many.upcoming(NOON, 20)) == 20
        assert many.next_due() == NOON - timedelta(minutes=2)
    finally:
        connection.set_progress_handler(None, 100)
    assert steps[0] < 100  # 10,000 instructions; reading all rows once takes more than 200,000


def test_many_due_tasks_of_a_full_queue_or_a_low_priority_hide_no_others(tmp_path: Path) -> None:
    """Counted as above: 40,000 tasks that are due, and one behind them."""
    store = Store(f"sqlite:///{tmp_path}/linod.sqlite")
    store.open()
    field = SystemTask.next_due
    due = field.db_value(NOON - DAY)
    rows: list[tuple[object, ...]] = []
    rows += [(number, f"t{number}", due, "mail" if number % 2 else None, -5) for number in range(40_000)]
    rows += [(number, f"t{number}", due, "mail", None) for number in range(40_000, 40_010)]
    rows += [(50_000, "behind", field.db_value(NOON - SECOND), None, None)]
    with store.transaction():
        store._db.connection().executemany(
            "INSERT INTO linod_systemtask (seqno, name, procedure, every_unit, next_due, queue, priority)"
            " VALUES (?, ?, 'p', 'daily', ?, ?, ?)",
            rows,
        )
    site = Site("n", "b", ZoneInfo("UTC"), {SYSTEM_TASK: {"p"}}, queues={"mail": 2})
    steps = [0]

    def count() -> int:
        steps[0] += 1
        return 0

    connection = store._db.connection()
    connection.set_progress_handler(count, 100)
    assert store.lanes() == [Lane(None), Lane(None, -5), Lane("mail"), Lane("mail", -5)]
    assert names(due_first(store, NOON, 4, site, LONG_AGO, {"mail": 2}))[:3] == ["t40000", "t40001", "behind"]
    assert names(due_first(store, NOON, 2, site, LONG_AGO, {"mail": 0})) == ["behind", "t0"]
    assert next_due(store, site) == NOON - DAY
    for number in (1, 3):
        store._db.execute_sql(f"UPDATE linod_systemtask SET job_id = {number} WHERE seqno = {number}")
    store._db.execute_sql("UPDATE linod_systemtask SET next_due = ? WHERE queue IS NULL", (field.db_value(NOON + DAY),))
    steps[0] = 0
    assert next_due(store, site) == NOON + DAY
    connection.set_progress_handler(None, 100)
    assert steps[0] < 50
    store.close()


def test_ending_a_task_that_many_are_beside_is_no_search(many: Store) -> None:
    task = many.due(NOON, 2)[1]
    job = claim_slot(many, task)
    end(many, job, next_due=task.next_due or NOON)
    assert many.unfinished() == []
