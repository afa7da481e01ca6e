"""Lists of tasks, page by page: each task once, whatever the page, and no page costs more than another."""

from collections.abc import Callable
from datetime import timedelta
from fnmatch import fnmatchcase
from itertools import product
from random import Random
from typing import Any

import pytest

from linod.lists import BadList, Page, Place, Status, Wanted
from linod.models import SystemTask
from linod.store import Store, listing
from linod.store.listing import LOOKED_AT, ORDERS
from linod.store.query import compile_query
from linod.tasks import NOTHING_TO_PLAN, SYSTEM_TASK, Task
from tests.store.moments import HOUR, NOON

COLUMNS = "seqno, name, procedure, every_unit, next_due, disabled, job_id, requested_at, failed_job"


def fill(store: Store, count: int, seed: int = 1) -> None:
    """Tasks of all sorts; numbers, names, slots and requests stand for several each."""
    random, moment = Random(seed), SystemTask.next_due.db_value
    rows = [
        (
            random.randrange(count // 3),
            f"{random.choice(('import', 'export', 'Import', 'im*port'))}_{random.randrange(count // 4)}",
            f"p{random.randrange(5)}",
            "daily",
            random.choice((None, moment(NOTHING_TO_PLAN), *(moment(NOON + k * HOUR) for k in range(-3, 3)))),
            random.random() < 0.2,
            number if random.random() < 0.05 else None,
            random.choice((None, None, None, moment(NOON), moment(NOON - HOUR))),
            number if random.random() < 0.2 else None,
        )
        for number in range(1, count + 1)
    ]
    with store.transaction():
        insert = f"INSERT INTO linod_systemtask ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        store._db.connection().executemany(insert, rows)


IS: dict[Status, Callable[[Task], bool]] = {
    Status.ENABLED: lambda task: not task.disabled,
    Status.DISABLED: lambda task: task.disabled,
    Status.RUNNING: lambda task: task.job_id is not None,
    Status.REQUESTED: lambda task: task.job_id is None and task.requested_at is not None,
    Status.FAILED: lambda task: task.disabled and task.failed_job is not None,
    Status.OVERDUE: lambda task: (
        not task.disabled and task.job_id is None and task.next_due is not None and task.next_due <= NOON
    ),
}


def fits(task: Task, wanted: Wanted) -> bool:
    """The same said in Python."""
    return (
        (wanted.pattern is None or fnmatchcase(task.name, wanted.pattern))
        and (wanted.procedure is None or task.procedure == wanted.procedure)
        and (wanted.status is None or IS[wanted.status](task))
    )


def pages(store: Store, wanted: Wanted, limit: int) -> list[Page]:
    found = [store.list_tasks(limit, wanted)]
    while found[-1].end is not None:
        found.append(store.list_tasks(limit, wanted, found[-1].end))
    return found


PATTERNS = (None, "import_*", "import_7", "*_1?", "[!i]*", "im[*]port*", "nothing*", "*")


@pytest.mark.parametrize("limit", [1, 7, 250])
def test_each_task_that_is_asked_for_comes_once(store: Store, monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr(listing, "LOOKED_AT", 20)
    fill(store, 150)
    every = store.list_tasks(1000).tasks
    assert len(every) == 150
    assert [task.seqno for task in every] == sorted(task.seqno for task in every)
    for pattern, procedure, status in product(PATTERNS, (None, "p3", "p9"), (None, *Status)):
        wanted = Wanted(None, pattern, procedure, status, overdue=NOON)
        found = [task for page in pages(store, wanted, limit) for task in page.tasks]
        expected = [task for task in every if fits(task, wanted)]
        assert sorted(found) == sorted(expected), wanted
        assert all(len(page.tasks) <= limit for page in pages(store, wanted, limit))


def test_the_order_is_that_of_the_index(store: Store) -> None:
    fill(store, 300)
    for wanted, key in (
        (Wanted(pattern="import*"), lambda task: (task.name, task.id)),
        (Wanted(procedure="p1"), lambda task: task.id),
        (Wanted(status=Status.REQUESTED), lambda task: (task.requested_at, task.id)),
        (Wanted(status=Status.FAILED), lambda task: (task.failed_job, task.id)),
        (Wanted(status=Status.OVERDUE, overdue=NOON), lambda task: (task.next_due, task.seqno, task.id)),
        (Wanted(status=Status.DISABLED), lambda task: (task.seqno, task.id)),
    ):
        found = [task for page in pages(store, wanted, 10) for task in page.tasks]
        assert found == sorted(found, key=key) and len(found) > 9


def test_a_full_last_page_says_that_it_is_the_last(store: Store) -> None:
    fill(store, 20)
    assert store.list_tasks(20).end is None
    page = store.list_tasks(19)
    assert (
        page.end
        == Place(SYSTEM_TASK, (page.tasks[-1].seqno, page.tasks[-1].id))
        == store.place_of(page.tasks[-1], Wanted())
    )


def test_a_task_that_goes_or_comes_meanwhile_shifts_no_page(store: Store) -> None:
    fill(store, 20)
    first = store.list_tasks(10)
    rest = store.list_tasks(99, after=first.end).tasks
    for task in first.tasks:
        store.remove(task.key)
    assert store.list_tasks(99, after=first.end).tasks == rest


def test_a_place_of_another_list_is_refused(store: Store) -> None:
    for place in (Place(SYSTEM_TASK, ("2026", 1, 2)), Place(SYSTEM_TASK, ()), Place("no.Kind", (1, 2))):
        with pytest.raises(BadList, match="is not where a page of this list ended"):
            store.list_tasks(9, after=place)
    with pytest.raises(BadList, match=r"no kind of task 'SystemTask'; did you mean 'linod.SystemTask'"):
        store.list_tasks(9, Wanted(kind="SystemTask"))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Any:
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('many')}/linod.sqlite")
    store.open()
    fill(store, 20_000)
    yield store
    store.close()


INDEX = {
    "number": "seqno",
    "name": "name",
    "procedure": "procedure",
    "running": "job_id_requested_at",
    "requested": "job_id_requested_at",
    "failed": "failed_job",
    "overdue": "disabled_job_id_next_due_seqno",
}


@pytest.mark.parametrize("analyzed", [True, False])
@pytest.mark.parametrize("by", ORDERS)
def test_each_page_is_a_read_along_an_index(many: Store, by: str, analyzed: bool) -> None:
    many._db.execute_sql("ANALYZE" if analyzed else "DELETE FROM sqlite_stat1")
    many._db.execute_sql("ANALYZE sqlite_master")
    names = (*ORDERS[by].columns, "id")
    values: dict[str, object] = {f"after_{name}": "5" for name in names}
    values |= {"limit": 9, "skipped": 9, "low": "a", "high": "z", "procedure": "p1", "overdue": NOON}
    values |= {"long_ago": NOON}
    for place in range(-1, len(names)):
        for query in (listing._page(SystemTask, by, place, frozenset()), listing._last(SystemTask, by, place)):
            compiled = compile_query(many._db, query)
            parameters = compiled.parameters(values)
            plan = many._db.execute_sql("EXPLAIN QUERY PLAN " + compiled.sql, parameters).fetchall()
            steps = [row[3] for row in plan]
            assert f"linod_systemtask_{INDEX[by]}" in steps[0].split(), steps
            assert not [step for step in steps[1:] if "ORDER BY" in step and by != "running"], steps


def test_no_page_looks_at_more_rows_than_another(many: Store) -> None:
    """Counted in instructions of SQLite's virtual machine, at the begin and at the end of 20,000 tasks."""

    def cost(wanted: Wanted, after: Place | None) -> tuple[int, Page]:
        steps = [0]

        def count() -> int:
            steps[0] += 1
            return 0

        many._db.connection().set_progress_handler(count, 100)
        try:
            page = many.list_tasks(50, wanted, after)
        finally:
            many._db.connection().set_progress_handler(None, 100)
        return steps[0], page

    last = many.list_tasks(20_000).tasks[-100]
    for wanted in (Wanted(), Wanted(pattern="*none"), Wanted(pattern="*_1*", status=Status.DISABLED)):
        begin, _ = cost(wanted, None)
        end, _ = cost(wanted, many.place_of(last, wanted))
        assert end <= begin * 1.2 + 5
        assert begin < LOOKED_AT  # 100 instructions a step: at most 50 or so a row
    few, page = cost(Wanted(status=Status.OVERDUE, overdue=NOON - timedelta(days=9)), None)
    assert page == Page([], None) and few < 5
