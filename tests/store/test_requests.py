"""Asking for a run, and taking it back."""

import pytest

from linod.errors import BadValue, NoSuchTask
from linod.jobs import State
from linod.store import Store
from linod.tasks import SYSTEM_TASK, TaskKey
from tests.store.moments import DAY, HOUR, NOON, SECOND, add, again, claim_request, claim_slot, end, run


def test_cancelling_restores_the_schedule_as_it_was(store: Store) -> None:
    """Defect 2: run_now emptied the last run's times, so that a cancelled row was started in the next loop."""
    task = add(store, due=NOON)
    run(store, task)
    before = again(store, task)

    asked, _ = store.request(task.key, "ada", NOON + HOUR)
    job = store.cancel_request(task.key, NOON + HOUR + SECOND, "bob")

    assert job is not None
    assert (job.state, job.requested_at, job.requested_by, job.slot) == (State.CANCELLED, NOON + HOUR, "ada", None)
    assert (job.ended_at, job.message) == (NOON + HOUR + SECOND, "The request was cancelled by bob")
    assert asked != before
    assert again(store, task) == before
    assert store.requested(5) == store.due(NOON + HOUR, 5) == []


def test_a_never_task_never_starts_by_itself(store: Store) -> None:
    """Defect 1: a row that has not run yet was due, whatever its unit. Here a row is due by `next_due` alone."""
    task = add(store, every_unit="never")
    assert store.unplanned(5) == [task]  # the rules plan it as nothing to plan
    assert store.due(NOON + 365 * DAY, 5) == []


def test_a_second_request_is_the_first_while_that_waits(store: Store) -> None:
    task = add(store)
    first, new = store.request(task.key, "ada", NOON, "DEBUG")
    second, newer = store.request(task.key, "bob", NOON + SECOND)
    assert (new, newer) == (True, False)
    assert second == first
    assert (second.requested_by, second.requested_log_level) == ("ada", "DEBUG")


def test_requests_come_in_the_order_they_were_made_disabled_ones_included(store: Store) -> None:
    early, late, other = add(store, "early", disabled=True), add(store, "late"), add(store, "other")
    store.request(late.key, "ada", NOON + SECOND)
    store.request(early.key, "ada", NOON)
    assert [task.name for task in store.requested(5)] == ["early", "late"]
    assert [task.name for task in store.requested(1)] == ["early"]
    assert [task.name for task in store.requested(5, {SYSTEM_TASK: {"late", "other"}})] == ["late"]
    assert store.requested(5, {}) == []
    assert again(store, other).requested_at is None


def test_what_became_a_job_is_not_cancelled_as_a_request(store: Store) -> None:
    task, _ = store.request(add(store).key, "ada", NOON)
    job = claim_request(store, task)
    assert store.cancel_request(task.key, NOON) is None
    end(store, job)
    assert [found.state for found in store.jobs(limit=5)] == [State.SUCCEEDED]


def test_a_request_cancelled_during_a_job_leaves_the_job(store: Store) -> None:
    task = add(store, due=NOON)
    job = claim_slot(store, task)
    store.request(task.key, "ada", NOON)
    assert store.cancel_request(task.key, NOON) is not None
    assert again(store, task).job_id == job.id


def test_what_is_not_there_cannot_be_asked_for(store: Store) -> None:
    gone = TaskKey("linod.SystemTask", 99)
    for attempt in (lambda: store.request(gone, "ada", NOON), lambda: store.cancel_request(gone, NOON)):
        with pytest.raises(NoSuchTask, match="any more") as caught:
            attempt()
        assert caught.value.exit_code == 4
    with pytest.raises(BadValue, match="log_level"):
        store.request(add(store).key, "ada", NOON, "LOUD")
