"""What a clock that was set asks the store: all tasks piece by piece, and which slots were run; each by an index."""

from collections.abc import Callable
from typing import Any

import pytest

from linod.models import Change, Job, SystemTask
from linod.recurrence import Passed
from linod.store import Store, replanning
from linod.store.query import compile_query
from linod.store.replanning import RECORDED, Seen
from linod.tasks import SYSTEM_TASK, TaskKey
from tests.store.moments import DAY, HOUR, NOON, add, again, claim_slot, end


def test_tasks_come_piece_by_piece(store: Store) -> None:
    tasks = [add(store, f"t{number}", due=NOON) for number in range(5)]
    store.remove(tasks[3].key)
    first = store.tasks_after(TaskKey(SYSTEM_TASK, 0), 3)
    assert first == tasks[:3]
    assert store.tasks_after(first[-1].key, 3) == tasks[4:]


@pytest.mark.parametrize("edit", [{"disabled": True}, {"every": 2}])
def test_a_task_that_was_changed_since_it_was_read_keeps_its_plan(store: Store, edit: dict[str, object]) -> None:
    task = add(store, due=NOON)
    assert store.replan(task, NOON - HOUR)
    task = again(store, task)
    assert task.next_due == NOON - HOUR
    store.set_columns(task.key, edit)
    assert not store.replan(task, NOON - DAY)
    running = add(store, "running", due=NOON)
    job = claim_slot(store, running)
    assert not store.replan(running, NOON - DAY)
    found = again(store, running)
    assert not store.replan(found._replace(job_id=job.id + 1), NOON - DAY)
    assert store.replan(found, NOON - DAY) and again(store, running).job_id == job.id


def test_a_slot_was_run_when_a_job_was_made_for_it(store: Store) -> None:
    task = add(store, every_unit="daily", due=NOON)
    assert (store.was_run(task.key, NOON), store.last_run_slot(task.key)) == (False, None)
    end(store, claim_slot(store, task), next_due=NOON + DAY)
    assert store.was_run(task.key, NOON) and not store.was_run(task.key, NOON + DAY)
    assert not store.was_run(TaskKey(SYSTEM_TASK, task.id + 1), NOON)
    missed = Passed(NOON + DAY, NOON + 2 * DAY, 2)
    assert store.miss(again(store, task), missed, NOON + 3 * DAY, NOON + 3 * DAY, "nobody was there")
    assert not store.was_run(task.key, NOON + DAY)
    assert store.last_run_slot(task.key) == store.last_run_slot(task.key, NOON) == NOON
    assert store.last_run_slot(task.key, NOON - HOUR) is None
    store.request(task.key, "ada", NOON)
    assert store.last_run_slot(task.key, NOON) == NOON  # what has no slot is not one up to a moment


def test_how_late_it_was_is_in_the_ledger(store: Store) -> None:
    assert store.last_seen() == Seen(None, None)
    job = claim_slot(store, add(store, due=NOON))
    assert store.last_seen().ledger == NOON
    end(store, job, now=NOON + HOUR)
    assert store.last_seen() == Seen(NOON + HOUR, None)
    store.clock_changed(NOON + 2 * HOUR, NOON, 0)
    assert store.last_seen() == Seen(NOON + HOUR, NOON + 2 * HOUR)
    for _ in range(RECORDED):
        store.clock_changed(NOON, NOON + DAY, 0)
    assert store.last_seen() == Seen(NOON + DAY, NOON)


@pytest.mark.parametrize(
    ("build", "args", "expected"),
    [
        (replanning._after, (SystemTask,), "INTEGER PRIMARY KEY (rowid>?)"),
        (replanning._run, (), "INDEX linod_job_kind_task_id_slot_attempt (kind=? AND task_id=? AND slot=?)"),
        (replanning._last_run, (), "INDEX linod_job_kind_task_id_slot_attempt (kind=? AND task_id=? AND slot<?)"),
        (replanning._newest_run, (), "INDEX linod_job_kind_task_id_id (kind=? AND task_id=?)"),
    ],
)
@pytest.mark.parametrize("analyzed", [True, False])
def test_each_read_is_one_of_an_index(
    store: Store, build: Callable[..., Any], args: tuple[Any, ...], expected: str, analyzed: bool
) -> None:
    for number in range(200):
        task = add(store, f"t{number}", due=NOON)
        if number % 10 == 0:
            end(store, claim_slot(store, task))
            store.change(NOON, 0, 0, "ada", "set", task.kind, task.id, task.name, {}, {})
    store.clock_changed(NOON, NOON + DAY, 0)
    if analyzed:
        store._db.execute_sql("ANALYZE")
        store._db.execute_sql("ANALYZE sqlite_master")  # have the planner read it
    with store._db.bind_ctx((Change, Job), False, False):
        compiled = compile_query(store._db, build(*args))
    values = {"id": 3, "limit": 5, "kind": SYSTEM_TASK, "task_id": 1, "slot": NOON, "until": NOON}
    plan = store._db.execute_sql("EXPLAIN QUERY PLAN " + compiled.sql, compiled.parameters(values)).fetchall()
    [step] = [row[3] for row in plan]  # one alone: nothing is sorted
    assert step.endswith(f"USING {expected}"), step


def test_reading_the_newest_rows_reads_no_others(store: Store) -> None:
    for sql in replanning.NEWEST:
        [step] = store._db.execute_sql("EXPLAIN QUERY PLAN " + sql).fetchall()
        assert step[3].startswith("SCAN")  # from its end: no step sorts


@pytest.mark.parametrize("analyzed", [True, False])
def test_the_changes_of_the_clock_are_read_along_an_index(store: Store, analyzed: bool) -> None:
    for number in range(200):
        task = add(store, f"t{number}", due=NOON)
        if number % 10 == 0:
            store.change(NOON, 0, 0, "ada", "set", task.kind, task.id, task.name, {}, {})
    store.clock_changed(NOON, NOON + DAY, 0)
    if analyzed:
        store._db.execute_sql("ANALYZE")
        store._db.execute_sql("ANALYZE sqlite_master")  # have the planner read it
    [step] = store._db.execute_sql("EXPLAIN QUERY PLAN " + replanning.CLOCK_CHANGES).fetchall()
    assert step[3].endswith("USING INDEX linod_change_kind_task_id_id (kind=? AND task_id=?)")
