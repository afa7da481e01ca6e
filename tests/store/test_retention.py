"""What leaves the ledger, and what never does."""

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from linod.jobs import State
from linod.policies import Policy
from linod.store import Store
from linod.store.retention import ALWAYS, AUDIT_DAYS, CHANGES_AT_ONCE
from linod.tasks import Task, TaskKey
from tests.store.moments import DAY, HOUR, NOON, add, claim_request

POLICY = Policy(keep_days=30, keep_jobs=100)


@pytest.fixture
def rows(path: Path, store: Store) -> "Rows":
    return Rows(path)


class Rows:
    """Writes jobs as they stand in the ledger, many at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def jobs(
        self,
        task: TaskKey,
        count: int,
        *,
        state: State = State.SUCCEEDED,
        begin: datetime = NOON - 100 * DAY,
        step: timedelta = HOUR,
    ) -> list[int]:
        """Returns the ids, the oldest first."""
        columns = "kind, task_id, task_name, procedure, state, log_level, node, boot_id, claimed_at, ended_at"
        texts = "message, traceback, log, log_lines, log_dropped, attempt"
        sql = f"INSERT INTO linod_job ({columns}, {texts})"
        sql += " VALUES (?, ?, 't', 'p', ?, 'INFO', '', '', ?, ?, '', '', '', 0, 0, 1) RETURNING id"
        found = []
        with sqlite3.connect(self.path) as database:
            for number in range(count):
                at = column(begin + number * step)
                ended = None if state in (State.CLAIMED, State.RUNNING) else at
                found += database.execute(sql, (*task, state.value, at, ended)).fetchone()
        database.close()
        return found

    def left(self, table: str = "linod_job") -> list[int]:
        with sqlite3.connect(self.path) as database:
            found = [row[0] for row in database.execute(f"SELECT id FROM {table} ORDER BY id")]
        database.close()
        return found


def column(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")


def trimmed(store: Store, task: Task | TaskKey, limit: int = 1000, policy: Policy = POLICY) -> int:
    return store.trim(task if isinstance(task, TaskKey) else task.key, policy, NOON, limit)


def test_jobs_beyond_the_number_go_the_oldest_first(store: Store, rows: Rows) -> None:
    task, other = add(store), add(store, "other")
    ids = rows.jobs(task.key, 150, begin=NOON - 10 * DAY, step=timedelta(minutes=1))
    others = rows.jobs(other.key, 100, begin=NOON - 10 * DAY, step=timedelta(minutes=1))

    assert trimmed(store, task) == 50
    assert trimmed(store, other) == 0
    assert rows.left() == ids[50:] + others
    assert trimmed(store, task) == 0


def test_old_jobs_go_but_the_last_twenty_stay_whatever_their_age(store: Store, rows: Rows) -> None:
    task, old = add(store), add(store, "old")
    ids = rows.jobs(task.key, 90, begin=NOON - 60 * DAY, step=DAY)  # half of them within the 30 days
    olds = rows.jobs(old.key, 40, begin=NOON - 900 * DAY)

    assert trimmed(store, task) == 30
    assert trimmed(store, old) == 40 - ALWAYS
    assert rows.left() == ids[30:] + olds[-ALWAYS:]


@pytest.mark.parametrize("state", [State.FAILED, State.TIMED_OUT, State.OUT_OF_MEMORY])
def test_the_last_failed_job_stays(store: Store, rows: Rows, state: State) -> None:
    task = add(store)
    rows.jobs(task.key, 3, state=state)
    (last,) = rows.jobs(task.key, 1, state=state)
    ids = rows.jobs(task.key, 50)

    assert [trimmed(store, task, limit=limit) for limit in (1, 1, 1, 1, 28, 9)] == [1, 1, 1, 1, 28, 1]
    assert rows.left() == [last, *ids[-ALWAYS:]]
    assert trimmed(store, task) == 0


def test_what_has_not_ended_stays(store: Store, rows: Rows) -> None:
    task = add(store)
    unfinished = rows.jobs(task.key, 1, state=State.RUNNING) + rows.jobs(task.key, 1, state=State.CLAIMED)
    ids = rows.jobs(task.key, 30)

    assert trimmed(store, task) == 10
    assert rows.left() == unfinished + ids[10:]


def test_the_columns_of_a_task_go_before_the_settings(store: Store, rows: Rows) -> None:
    short, long, few = add(store, "short", keep_days="1"), add(store, "long", keep_days="365"), add(store, "few")
    store.set_columns(few.key, {"keep_jobs": "25"})
    for task in (short, long, few):
        rows.jobs(task.key, 60, begin=NOON - 2 * DAY, step=timedelta(minutes=1))

    assert [trimmed(store, task) for task in (short, long, few)] == [40, 0, 35]
    assert trimmed(store, long, policy=Policy(keep_days=1, keep_jobs=20)) == 40  # keep_jobs is the site's
    store.set_columns(few.key, {"keep_jobs": "20"})
    assert trimmed(store, few) == 5


def test_jobs_of_a_task_that_was_removed_go_when_they_are_old(store: Store, rows: Rows) -> None:
    task = add(store)
    rows.jobs(task.key, 10, state=State.FAILED)
    young = rows.jobs(task.key, 5, begin=NOON - DAY)
    assert trimmed(store, task) == 0

    store.remove(task.key)

    assert trimmed(store, task) == 10
    assert rows.left() == young


def test_jobs_from_before_the_clock_was_set_back_hold_up_nothing(store: Store, rows: Rows) -> None:
    """Their moments have not come yet; those behind them tell that they are older."""
    task = add(store)
    rows.jobs(task.key, 5, begin=NOON + 900 * DAY)
    rows.jobs(task.key, 30)

    assert trimmed(store, task) == 15


def test_a_batch_removes_no_more_than_it_may(store: Store, rows: Rows) -> None:
    task = add(store)
    ids = rows.jobs(task.key, 100)

    assert [trimmed(store, task, limit) for limit in (1, 7, 50)] == [1, 7, 50]
    assert rows.left() == ids[58:]
    assert trimmed(store, task, 50) == 22


def test_ids_are_not_given_again(store: Store, rows: Rows) -> None:
    task = add(store)
    *_, last = rows.jobs(task.key, 10)
    store.remove(task.key)
    trimmed(store, task)
    assert rows.left() == []

    other = add(store, "other")
    store.request(other.key, "ada", NOON)
    assert claim_request(store, store.find("other")[0]).id == last + 1


def test_the_tasks_with_jobs_are_found_one_after_the_other(store: Store, rows: Rows) -> None:
    keys = [TaskKey("a.Task", 7), TaskKey("linod.SystemTask", 2), TaskKey("linod.SystemTask", 900)]
    for key in reversed(keys):
        rows.jobs(key, 3)

    found: list[TaskKey | None] = [None]
    while len(found) == 1 or found[-1] is not None:
        found.append(store.next_task_with_jobs(found[-1]))

    assert found == [None, *keys, None]


def test_the_file_does_not_grow_while_as_many_jobs_go_as_come(store: Store, rows: Rows) -> None:
    task = add(store)
    sizes = []
    for _ in range(5):
        rows.jobs(task.key, 400, begin=NOON - DAY, step=timedelta(seconds=1))
        while trimmed(store, task, 50):
            pass
        sizes.append(store._rows_of("PRAGMA page_count")[0][0])
    assert sizes[1:] == [sizes[1]] * 4  # removed pages are used again


def test_changes_stay_longer_than_what_was_asked_for(store: Store, rows: Rows) -> None:
    def changed(action: str, days: int) -> int:
        return store.change(NOON - days * DAY, 0, 0, "root", action, None, None, None, {}, {})

    changed("set", AUDIT_DAYS + 1)
    kept = [changed("set", AUDIT_DAYS - 1)]
    changed("run-now", 31)
    kept += [changed("disable", 31), changed("run-now", 29), changed("set", 0)]

    assert store.trim_changes(0, POLICY, NOON) is None
    assert rows.left("linod_change") == kept
    assert store.trim_changes(0, POLICY._replace(keep_days=900), NOON) is None
    assert rows.left("linod_change") == kept


def test_changes_are_looked_at_some_at_a_time(store: Store, rows: Rows) -> None:
    with store.transaction():
        for _ in range(CHANGES_AT_ONCE + 5):
            store.change(NOON - 900 * DAY, 0, 0, "root", "set", None, None, None, {}, {})

    after = store.trim_changes(0, POLICY, NOON)

    assert after == CHANGES_AT_ONCE and len(rows.left("linod_change")) == 5
    assert store.trim_changes(after, POLICY, NOON) is None
    assert rows.left("linod_change") == []
