"""Reading the ledger and the changes: by task, outcome and time, each along an index, of a million rows as of ten."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from linod.jobs import State
from linod.models import Job
from linod.store import Store, history, retention
from linod.store.query import compile_query
from linod.tasks import SYSTEM_TASK, TaskKey
from tests.store.moments import BROKEN, DAY, HOUR, NOON, SECOND, add, claim_request, claim_slot, end, run
from tests.store.test_retention import Rows

BEGIN = NOON - 100 * DAY
KEY = TaskKey(SYSTEM_TASK, 1)
OTHER = TaskKey(SYSTEM_TASK, 2)


@pytest.fixture
def ledger(store: Store, path: Path) -> dict[str, list[int]]:
    """A job an hour: 3 that succeeded, 2 that failed, 2 of another task, one that was missed."""
    rows = Rows(path)
    return {
        "succeeded": rows.jobs(KEY, 3, begin=NOON),
        "failed": rows.jobs(KEY, 2, begin=NOON + 3 * HOUR, state=State.FAILED),
        "other": rows.jobs(OTHER, 2, begin=NOON + 5 * HOUR, state=State.FAILED),
        "missed": rows.jobs(KEY, 1, begin=NOON + 7 * HOUR, state=State.MISSED),
    }


def ids(store: Store, limit: int = 99, **wanted: Any) -> list[int]:
    return [job.id for job in store.jobs(limit=limit, **wanted)]


def test_jobs_of_a_task_of_outcomes_of_a_span(store: Store, ledger: dict[str, list[int]]) -> None:
    assert ids(store) == [8, 7, 6, 5, 4, 3, 2, 1]
    assert ids(store, key=OTHER) == [7, 6]
    assert ids(store, states=["failed", "missed"]) == [8, 7, 6, 5, 4]
    assert ids(store, states=["failed", "missed"], limit=2) == [8, 7]
    assert ids(store, states=["failed", "failed"], key=KEY) == [5, 4]
    assert ids(store, states=["running"], key=KEY) == [] == ids(store, states=[])
    assert ids(store, since=NOON + 5 * HOUR) == [8, 7, 6]
    assert ids(store, until=NOON + HOUR) == [1]
    assert ids(store, since=NOON + HOUR, until=NOON + 6 * HOUR, key=KEY) == [5, 4, 3, 2]
    assert ids(store, since=NOON + HOUR, until=NOON + 6 * HOUR, states=["failed"], before_id=6) == [5, 4]
    assert ids(store, since=NOON + 99 * HOUR) == [] == ids(store, until=NOON - HOUR)


def test_a_running_job_of_a_task_is_found(store: Store) -> None:
    job = claim_slot(store, add(store, due=NOON))
    assert ids(store, states=["claimed", "succeeded"], key=TaskKey(SYSTEM_TASK, job.task_id)) == [job.id]


def test_the_last_job(store: Store) -> None:
    assert store.last_job_id() is None
    assert run(store, add(store, due=NOON)).id == store.last_job_id()


def test_no_job_is_left_out_because_the_clock_was_set_back(store: Store, path: Path) -> None:
    rows = Rows(path)
    first = rows.jobs(KEY, 50, begin=NOON)
    store.clock_changed(NOON + 50 * HOUR, NOON + 20 * HOUR, 0)
    second = rows.jobs(KEY, 50, begin=NOON + 20 * HOUR)
    rows.jobs(KEY, 50, begin=NOON + 70 * HOUR)

    for since, until in ((30, 40), (10, 25), (45, 49), (0, 20), (20, 70)):
        moments: Any = {"since": NOON + since * HOUR, "until": NOON + until * HOUR}
        expected = [job for hour, job in enumerate(first) if since <= hour < until]
        expected += [job for hour, job in enumerate(second, 20) if since <= hour < until]
        assert ids(store, **moments) == expected[::-1], moments


def test_attempts_at_a_slot(store: Store) -> None:
    task = add(store, due=NOON)
    first = claim_slot(store, task)
    end(store, first, BROKEN, next_due=NOON)
    store.set_columns(task.key, {"disabled": False})
    store.plan(task, NOON)
    second = claim_slot(store, store.find("checkdata")[0])

    for job in (first, second):
        found = [(one.id, one.attempt, one.state) for one in store.attempts(job)]
        assert found == [(first.id, 1, State.FAILED), (second.id, 2, State.CLAIMED)]


def test_attempts_at_a_request(store: Store, path: Path) -> None:
    task = add(store)
    jobs = []
    for moment in (NOON, NOON, NOON + HOUR):  # a retry has the moment of the request that it repeats
        store.request(task.key, "ada", moment)
        job = claim_request(store, store.find("checkdata")[0])
        end(store, job, next_due=NOON)
        jobs.append(job.id)
        Rows(path).jobs(OTHER, 300, begin=NOON, step=SECOND)

    found = [store.job(job) for job in jobs]
    assert [[one.id for one in store.attempts(job)] for job in found if job] == [jobs[:2], jobs[:2], jobs[2:]]
    (missed,) = Rows(path).jobs(task.key, 1, state=State.MISSED)
    row = store.job(missed)
    assert row and [one.id for one in store.attempts(row)] == [missed]


def test_changes_of_a_task_and_of_a_span(store: Store) -> None:
    first, second = add(store, "a"), add(store, "b")
    for hour, task in enumerate((first, second, None, first)):
        of: Any = (task.kind, task.id, task.name) if task else (None, None, None)
        of = (*of, {"every": hour}, {"every": hour + 1})
        store.change(NOON + hour * HOUR, 1000, 1000, "ada", "set", *of)

    def found(**wanted: Any) -> list[int]:
        return [change.id for change in store.changes(limit=99, **wanted)]

    assert found() == [4, 3, 2, 1]
    assert found(key=first.key) == [4, 1]
    assert found(since=NOON + HOUR, until=NOON + 3 * HOUR) == [3, 2]
    assert found(before_id=3) == [2, 1]
    newest = store.changes(limit=1)[0]
    assert (newest.at, newest.uid, newest.user, newest.task_name) == (NOON + 3 * HOUR, 1000, "ada", "a")
    assert (newest.before, newest.after) == ({"every": 3}, {"every": 4})


def test_a_task_that_was_removed_is_found_by_its_name(store: Store) -> None:
    store.change(NOON, 0, 0, "root", "set", SYSTEM_TASK, 3, "old", {}, {})
    assert store.removed("old") is None
    store.change(NOON, 0, 0, "root", "remove", SYSTEM_TASK, 3, "old", {}, {})
    store.change(NOON, 0, 0, "root", "remove", SYSTEM_TASK, 9, "old", {}, {})
    assert store.removed("old") == TaskKey(SYSTEM_TASK, 9)


# How SQLite finds them


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """50,000 jobs and 5,000 changes of 50 tasks."""
    path = tmp_path_factory.mktemp("many") / "linod.sqlite"
    store = Store(f"sqlite:///{path}")
    store.open()
    fill(path, 50_000)
    yield store
    store.close()


def fill(path: Path, count: int, tasks: int = 50) -> None:
    """A minute between two jobs; of ten one failed, and of a thousand one was missed."""
    state = "CASE WHEN i % 10 = 0 THEN 'failed' WHEN i % 1000 = 1 THEN 'missed' ELSE 'succeeded' END"
    at = "strftime('%Y-%m-%d %H:%M:%S', '2026-01-01', (i * 60) || ' seconds') || '.000000'"
    columns = "kind, task_id, task_name, procedure, state, log_level, node, boot_id, claimed_at, ended_at, slot"
    values = f"'{SYSTEM_TASK}', 1 + i % {tasks}, 'task', 'p', {state}, 'INFO', 'n', 'b', {at}, {at}, {at}"
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
    with sqlite3.connect(path) as database:
        database.execute(
            f"{numbers} INSERT INTO linod_job ({columns}, message, traceback, log, log_lines, log_dropped, attempt) "
            f"SELECT {values}, '', '', '12:00:00 INFO well', 1, 0, 1 FROM n",
            [count],
        )
        database.execute(
            f"{numbers} INSERT INTO linod_change (at, uid, gid, user, action, kind, task_id, task_name, before, after) "
            f"SELECT {at}, 0, 0, 'root', CASE i % 9 WHEN 1 THEN 'remove' ELSE 'set' END, '{SYSTEM_TASK}', "
            f"1 + i % {tasks}, 'task', '{{}}', '{{}}' FROM n",
            [count // 10],
        )
    database.close()


@pytest.fixture(params=[True, False], ids=["analyzed", "plain"])
def planned(many: Store, request: pytest.FixtureRequest) -> Store:
    """With SQLite's statistics, and without."""
    many._db.execute_sql("ANALYZE" if request.param else "DELETE FROM sqlite_stat1")
    many._db.execute_sql("ANALYZE sqlite_master")
    return many


def plan(store: Store, query: Any, **values: object) -> list[str]:
    compiled = compile_query(store._db, query)
    given = {"kind": SYSTEM_TASK, "task_id": 7, "low": 0, "high": 2**62, "limit": 9, "id": 9, "slot": NOON, "name": "x"}
    given |= {"since": BEGIN, "until": NOON, "before": 9, "after": 9, "last": 99, "failed": 5} | values
    given |= {"cutoff": BEGIN, "of_requests": BEGIN}
    return [row[3] for row in store._db.execute_sql("EXPLAIN QUERY PLAN " + compiled.sql, compiled.parameters(given))]


@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize("state", [None, *State])
@pytest.mark.parametrize("of_task", [True, False])
def test_each_filter_of_jobs_is_read_along_an_index(
    planned: Store, of_task: bool, state: State | None, timed: bool
) -> None:
    (step,) = plan(planned, history._jobs(of_task, state, timed, timed))
    unfinished = state in (State.CLAIMED, State.RUNNING)
    if state is None:
        wanted = ["linod_job_kind_task_id_id"] if of_task else ["PRIMARY KEY"]
    elif of_task and not unfinished:
        wanted = ["linod_job_kind_task_id_state"]
    else:
        wanted = ["linod_job_state"] if not of_task else ["linod_job_state", "linod_job_kind_task_id_id"]
    assert step.startswith("SEARCH") and any(f"{index} " in step for index in wanted), step


@pytest.mark.parametrize(
    "query",
    [
        history._of_slot(),
        history._neighbours(True),
        history._neighbours(False),
        history._lasted(),
        history._changes(True, True, True),
        history._changes(False, True, True),
        history._removed(),
        history._probe(Job),
        retention._nth(),
        retention._oldest(),
        retention._failed("failed"),
        retention._remove(),
        retention._next_of_kind(),
        retention._next_kind(),
        retention._changes(),
        retention._remove_changes(),
    ],
)
def test_nothing_else_is_sorted_or_read_from_end_to_end(planned: Store, query: Any) -> None:
    (step,) = plan(planned, query)
    assert step.startswith("SEARCH"), step


def test_a_page_costs_the_same_wherever_it_is(many: Store) -> None:
    """Counted in instructions of SQLite's virtual machine."""

    def cost(**wanted: Any) -> int:
        steps = [0]

        def count() -> int:
            steps[0] += 1
            return 0

        many._db.connection().set_progress_handler(count, 100)
        try:
            assert len(many.jobs(limit=20, **wanted)) == 20
        finally:
            many._db.connection().set_progress_handler(None, 100)
        return steps[0]

    newest = cost()
    half = NOON.replace(month=1, day=18)
    missed = [job.id for job in many.jobs(states=["missed"], limit=99)]
    assert len(missed) == 50
    for wanted in (
        {"before_id": 100},
        {"key": KEY, "before_id": 5000},
        {"states": ["missed"]},
        {"states": ["failed", "missed"], "before_id": 25_000},
        {"states": ["missed"], "key": TaskKey(SYSTEM_TASK, 2)},
        {"since": half - HOUR, "until": half},
        {"since": half - 9 * DAY, "until": half, "states": ["failed"]},
        {"since": half - 9 * DAY, "until": half, "key": KEY},
    ):
        assert cost(**wanted) <= newest + 40, wanted
