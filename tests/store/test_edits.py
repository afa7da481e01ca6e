"""Operators' edits, what comes by itself at the start, and the record of changes."""

import logging
from datetime import date

import pytest

from linod.errors import BadValue, NoSuchTask
from linod.procedures import Procedure
from linod.store import Store
from linod.tasks import TaskKey
from tests.store.moments import BROKEN, NOON, SECOND, add, again, claim_slot, end, run

TODAY = date(2026, 11, 24)


def procedure(name: str, **defaults: object) -> Procedure:
    return Procedure(name, "demo", defaults=defaults, file="demo.py", line=7)


def test_setting_writes_the_given_columns_only(store: Store) -> None:
    task = add(store, due=NOON)
    before, after = store.set_columns(task.key, {"log_level": "debug", "name": "night check"})
    assert before == task
    assert after == again(store, task)
    assert (after.log_level, after.name, after.next_due) == ("DEBUG", "night check", NOON)


@pytest.mark.parametrize("values", [{"every": "2"}, {"disabled": "yes"}, {"start_time": "4:00"}, {"time_zone": "UTC"}])
def test_setting_the_schedule_has_the_task_planned_anew(store: Store, values: dict[str, object]) -> None:
    task = add(store, due=NOON)
    assert store.set_columns(task.key, values)[1].next_due is None


def test_enabling_forgets_the_slots_of_the_time_before(store: Store) -> None:
    task = add(store, due=NOON)
    store.set_columns(task.key, {"disabled": True})
    assert store.unplanned(5) == []
    store.set_columns(task.key, {"disabled": False})
    assert [found.next_due for found in store.unplanned(5)] == [None]


def test_setting_what_is_so_already_writes_nothing(store: Store) -> None:
    task = add(store, due=NOON)
    assert store.set_columns(task.key, {"disabled": False, "every": 1}) == (task, task)
    assert again(store, task).next_due == NOON  # a slot that is due is not forgotten


@pytest.mark.parametrize(
    "values", [{"every": 0}, {"next_due": NOON}, {"every_unit": "once"}, {"evry": 1}, {"every_unit": "easter"}]
)
def test_an_impossible_edit_writes_nothing(store: Store, values: dict[str, object]) -> None:
    task = add(store, due=NOON)
    with pytest.raises(BadValue):
        store.set_columns(task.key, {"name": "other", **values})
    assert again(store, task) == task


def test_a_task_with_an_impossible_schedule_can_still_be_disabled(store: Store) -> None:
    task = add(store)
    store._db.execute_sql("UPDATE linod_systemtask SET every = 0")
    assert store.set_columns(task.key, {"disabled": True})[1].disabled


def test_setting_a_task_that_is_gone(store: Store) -> None:
    with pytest.raises(NoSuchTask):
        store.set_columns(TaskKey("linod.SystemTask", 99), {"every": 2})


def test_an_added_task_comes_last_and_is_planned_with_the_next_turn(store: Store) -> None:
    add(store, "first", seqno=7)
    task = store.add("checkdata", "", {"every_unit": "daily", "start_time": "04:00"})
    assert (task.seqno, task.name, task.next_due, task.events) == (8, "checkdata", None, 0)
    with pytest.raises(BadValue):
        store.add("checkdata", "x", {"every_unit": "once"})
    assert store.count_tasks() == 2


def test_missing_rows_are_installed_as_the_page_says(store: Store) -> None:
    suggestions = [
        procedure("often", every_unit="secondly", every=10),
        procedure("loud", every_unit="secondly", every=10, log_level="DEBUG"),
        procedure("daily", every_unit="daily", every=1, start_date="2026-12-01"),
        procedure("on_request"),
        Procedure("invoices", "invoicing", class_name="invoicing.Task"),
        Procedure("broken", "demo", problem="demo.py:3: it takes no argument"),
    ]
    added = store.install(suggestions, NOON, TODAY)
    assert [(task.seqno, task.name, task.log_level, task.start_date) for task in added] == [
        (1, "often", "WARNING", TODAY),
        (2, "loud", "DEBUG", TODAY),
        (3, "daily", "INFO", date(2026, 12, 1)),
        (4, "on_request", "INFO", TODAY),
    ]
    assert store.list_tasks(9).tasks == added
    assert store.install(suggestions, NOON, TODAY) == []


def test_a_row_that_an_operator_deleted_stays_deleted(store: Store) -> None:
    """Defect 24: deleted rows came back."""
    [task] = store.install([procedure("p", every_unit="daily")], NOON, TODAY)
    store.remove(task.key)
    assert store.install([procedure("p", every_unit="daily")], NOON, TODAY) == []


def test_a_row_is_never_overwritten(store: Store) -> None:
    mine = add(store, "p", every=5)
    assert store.install([procedure("p", every_unit="hourly")], NOON, TODAY) == []
    assert again(store, mine) == mine
    store.remove(mine.key)  # and it counts as installed
    assert store.install([procedure("p", every_unit="hourly")], NOON, TODAY) == []


def test_an_impossible_suggestion_spoils_no_other(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("lino").propagate = True
    bad, good = procedure("bad", every_unit="daily", every=0), procedure("good", every_unit="daily")
    assert [task.name for task in store.install([bad, good], NOON, TODAY)] == ["good"]
    assert "demo.py:7: procedure bad gets no task" in caplog.text
    mended = store.install([procedure("bad", every_unit="daily"), good], NOON, TODAY)
    assert [task.name for task in mended] == ["bad"]


def test_a_change_is_recorded_with_who_and_what(store: Store) -> None:
    task = add(store, due=NOON)
    with store.transaction():
        store.set_columns(task.key, {"start_time": "04:00"})
        store.change(NOON, 1000, 100, "ada", "set", task.kind, task.id, task.name, {"start_time": None}, {"end": NOON})
    row = store._db.execute_sql(
        "SELECT at, uid, gid, user, action, task_id, before, after FROM linod_change"
    ).fetchone()
    assert row == (
        "2026-11-24 12:00:00.000500",
        *(1000, 100, "ada", "set", task.id),
        '{"start_time": null}',
        '{"end": "2026-11-24T12:00:00.000500Z"}',
    )


def test_tasks_disabled_by_their_failure_are_told_from_those_disabled_by_hand(store: Store) -> None:
    failed, by_hand, enabled, fine = (add(store, name, due=NOON) for name in ("failed", "hand", "enabled", "fine"))
    for task in (failed, by_hand, enabled):
        run(store, task, BROKEN)
    job = run(store, fine)
    for task, acts in ((by_hand, (False, True)), (enabled, (False,)), (fine, (True,))):
        for disabled in acts:
            store.set_columns(task.key, {"disabled": disabled})
            values = {"disabled": disabled}
            store.change(NOON + 2 * SECOND, 0, 0, "ada", "set", task.kind, task.id, task.name, {}, values)
    found = store.failed_tasks(9)
    assert [task.name for task, _ in found] == ["failed"]
    assert (found[0][1].message, job.message) == (BROKEN.message, "")


def test_a_cancelled_request_does_not_hide_a_failure(store: Store) -> None:
    task = add(store, due=NOON)
    job = claim_slot(store, task)
    end(store, job, BROKEN)
    store.request(task.key, "ada", NOON)
    store.cancel_request(task.key, NOON)
    assert [found.id for _, found in store.failed_tasks(9)] == [job.id]
