"""Moving and copying tasks, through the store and on instances: both leave the list 1, 2, 3, ..."""

from collections.abc import Callable, Iterator
from pathlib import Path

import peewee
import pytest

from linod import models
from linod.errors import BadValue, NoSuchTask
from linod.models import SystemTask
from linod.store import Store
from linod.tasks import TaskKey
from tests.store.moments import NOON, add, again, claim_slot, end

Move = Callable[[str, int], object]


@pytest.fixture(params=["store", "instance"])
def move(request: pytest.FixtureRequest, store: Store, path: Path) -> Iterator[Move]:
    """Moves the task of a name."""
    database = peewee.SqliteDatabase(str(path))
    models.database.initialize(database)
    if request.param == "store":
        yield lambda name, by: store.move(store.find(name)[0].key, by)
    else:
        yield lambda name, by: SystemTask.get(SystemTask.name == name).move_by_n(by)
    database.close()
    models.database.initialize(None)


def names(store: Store) -> list[str]:
    found = store.list_tasks(10).tasks
    assert [task.seqno for task in found] == list(range(1, len(found) + 1))
    return [task.name for task in found]


def test_a_task_is_moved_up_and_down(store: Store, move: Move) -> None:
    for name in "abcd":
        add(store, name)
    move("c", -1)
    assert names(store) == ["a", "c", "b", "d"]
    move("a", 2)
    assert names(store) == ["c", "b", "a", "d"]
    move("d", -99)
    assert names(store) == ["d", "c", "b", "a"]
    move("d", -1)
    assert names(store) == ["d", "c", "b", "a"]


def test_a_move_closes_gaps_and_parts_twins(store: Store, move: Move) -> None:
    for name, number in (("a", 3), ("b", 3), ("c", 9)):
        add(store, name, seqno=number)
    move("b", -1)
    assert names(store) == ["b", "a", "c"]


def test_what_is_first_already_is_told_so(store: Store) -> None:
    task = add(store, "a", seqno=5)
    add(store, "b", seqno=9)
    assert store.move(task.key, -1) == (5, task)
    assert store.move(task.key, 1) == (1, again(store, task))
    with pytest.raises(NoSuchTask):
        store.move(TaskKey("linod.SystemTask", 99), 1)


def test_a_copy_stands_below_and_has_never_run(store: Store) -> None:
    task = add(store, "a", due=NOON, start_time="04:00", log_level="DEBUG", saturday=True)
    add(store, "b")
    end(store, claim_slot(store, task))
    store.request(task.key, "robin", NOON)

    copy = store.duplicate(task.key, {"every": 2})

    assert names(store) == ["a", "a (copy)", "b"]
    ran = again(store, task)
    assert (ran.last_start_time, ran.requested_by, ran.anchor) == (NOON, "robin", NOON)
    assert copy == ran._replace(
        id=copy.id,
        seqno=2,
        name="a (copy)",
        every=2,
        requested_at=None,
        requested_by=None,
        last_start_time=None,
        last_end_time=None,
        message="",
        next_due=None,
        anchor=None,
        events=0,
    )
    assert [found.id for found in store.unplanned(9)] == [copy.id, 2]


def test_a_copy_that_cannot_be_is_none(store: Store) -> None:
    task = add(store, "a")
    with pytest.raises(BadValue):
        store.duplicate(task.key, {"every_unit": "once"})
    assert names(store) == ["a"]


def test_an_instance_is_copied(store: Store, path: Path) -> None:
    task = add(store, "a", due=NOON, log_level="DEBUG")
    add(store, "b")
    end(store, claim_slot(store, task))
    database = peewee.SqliteDatabase(str(path))
    models.database.initialize(database)
    try:
        original = SystemTask.get_by_id(task.id)
        copy = original.duplicate(disabled=True)
        assert (original.seqno, copy.seqno, copy.name, copy.disabled) == (1, 2, "a (copy)", True)
        assert (copy.log_level, copy.last_start_time, copy.anchor, copy.next_due) == ("DEBUG", None, None, None)
        copy.move_down()
        assert copy.seqno == 3
        copy.save()  # and writes no number of before
        copy.move_up()
        original.move_up()
    finally:
        database.close()
        models.database.initialize(None)
    assert names(store) == ["a", "a (copy)", "b"]
