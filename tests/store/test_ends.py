"""The end of a job, and what becomes of jobs whose daemon is no more."""

import os
import signal

import pytest

from linod.errors import IllegalTransition
from linod.jobs import Outcome, State
from linod.store import Store
from linod.tasks import NOTHING_TO_PLAN
from tests.store.conftest import Start, line
from tests.store.moments import (
    BROKEN,
    DAY,
    DONE,
    HOUR,
    NOON,
    SECOND,
    add,
    again,
    claim_request,
    claim_slot,
    end,
    run,
    tomorrow,
)


def test_a_job_that_succeeded_plans_the_next_slot(store: Store) -> None:
    task = add(store, due=NOON)
    job = claim_slot(store, task)
    store.started(job.id, 4711, 99, NOON)

    after = end(store, job)

    found = store.job(job.id)
    assert found is not None
    assert after == again(store, task)
    assert (found.state, found.pid, found.pid_started, found.started_at) == (State.SUCCEEDED, 4711, 99, NOON)
    assert (found.ended_at, found.log, found.log_lines) == (NOON + SECOND, "12:00:00 INFO all is well", 1)
    assert (after.job_id, after.next_due, after.last_end_time) == (None, NOON + DAY, NOON + SECOND)
    assert (after.message, after.disabled) == ("12:00:00 INFO all is well", False)


def test_a_failure_disables_and_keeps_the_traceback(store: Store) -> None:
    task = add(store, due=NOON)
    job = run(store, task, BROKEN)
    assert again(store, task).disabled
    assert (job.message, job.traceback, job.exit_code) == (BROKEN.message, BROKEN.traceback, 1)


def test_a_job_ends_once(store: Store) -> None:
    job = run(store, add(store, due=NOON))
    before = store.job(job.id)
    with pytest.raises(IllegalTransition, match=f"job {job.id} is succeeded"):
        end(store, job, BROKEN)
    assert store.job(job.id) == before
    assert not again(store, add(store, "x")).disabled
    with pytest.raises(IllegalTransition):
        store.started(job.id, 1, 1, NOON)


def test_only_arrows_of_the_table_are_made(store: Store) -> None:
    job = claim_slot(store, add(store, due=NOON))
    with pytest.raises(IllegalTransition, match="is claimed: it cannot become succeeded"):
        store.end(job, DONE, NOON, next_due=NOON, disable=False, log="", log_lines=0, log_dropped=0, message="")
    end(store, job, Outcome(State.INTERRUPTED))
    with pytest.raises(IllegalTransition, match="not in the ledger"):
        store.started(999, 1, 1, NOON)


def test_an_illegal_arrow_leaves_the_rest_of_its_transaction(store: Store) -> None:
    """The runner writes many notes in one transaction and passes over those written before."""
    first, second = (claim_slot(store, add(store, name, due=NOON)) for name in ("a", "b"))
    store.started(first.id, 1, 1, NOON)
    with store.transaction():
        end(store, first)
        with pytest.raises(IllegalTransition):
            end(store, first)
        store.started(second.id, 2, 2, NOON)
    assert [job.state for job in store.jobs(limit=2)] == [State.RUNNING, State.SUCCEEDED]


@pytest.mark.parametrize(
    ("edit", "next_due"),
    [
        ({"log_level": "DEBUG"}, NOON + DAY),
        ({"name": "renamed"}, NOON + DAY),
        ({"every": 3}, None),
        ({"disabled": True}, None),
    ],
)
def test_an_edit_during_the_job_survives_its_end(store: Store, edit: dict[str, object], next_due: object) -> None:
    """Defect 3: disabling a row that ran was undone by the full save at its end."""
    task = add(store, due=NOON)
    job = claim_slot(store, task)
    store.started(job.id, 1, 1, NOON)
    store.set_columns(task.key, edit)

    end(store, job)

    after = again(store, task)
    assert {name: getattr(after, name) for name in edit} == edit
    assert (after.next_due, after.job_id) == (next_due, None)  # NULL: the next turn plans by the new schedule


def test_enabling_during_a_job_that_fails_does_not_hide_the_failure(store: Store) -> None:
    task = add(store, due=NOON)
    job = claim_slot(store, task)
    store.set_columns(task.key, {"disabled": True})
    store.set_columns(task.key, {"disabled": False})
    end(store, job, BROKEN)
    assert again(store, task).disabled


def test_a_task_removed_during_its_job_stays_removed(store: Store) -> None:
    task = add(store, due=NOON)
    job = claim_slot(store, task)
    store.started(job.id, 1, 1, NOON)
    store.remove(task.key)
    assert end(store, job) is None
    assert store.task(task.key) is None
    assert store.jobs(limit=1)[0].state is State.SUCCEEDED


def test_a_late_end_does_not_touch_the_next_job_of_its_task(store: Store) -> None:
    task = add(store, due=NOON)
    late = claim_slot(store, task)
    store.interrupt_unfinished(NOON, "gone", tomorrow)
    asked, _ = store.request(task.key, "ada", NOON)
    running = claim_request(store, asked)
    with pytest.raises(IllegalTransition):
        end(store, late, BROKEN)
    found = again(store, task)
    assert (found.job_id, found.disabled) == (running.id, False)


@pytest.mark.parametrize("text", ["x" * 5_000_000, "\udcff half a pair", "nul \x00 inside", ""])
def test_whatever_a_procedure_says_its_end_is_stored(store: Store, text: str) -> None:
    """Defect 17: messages were unlimited; and a text that cannot be encoded must not keep a job running for ever."""
    task = add(store, due=NOON)
    job = claim_slot(store, task)
    end(store, job, Outcome(State.FAILED, text, text), message=text)
    found = store.job(job.id)
    assert found is not None
    assert found.state is State.FAILED
    assert max(map(len, (found.message, found.traceback, found.log, again(store, task).message))) <= 64 * 1024
    assert found.traceback == text.replace("\udcff", "?")[-64 * 1024 :]


def test_unfinished_jobs_are_settled_before_the_first_pass(store: Store) -> None:
    due, asked, idle = (add(store, name, due=NOON) for name in ("due", "asked", "idle"))
    claimed = claim_slot(store, due)
    store.request(asked.key, "ada", NOON)
    running = claim_request(store, again(store, asked))
    store.started(running.id, 4711, 99, NOON)

    settled = store.interrupt_unfinished(NOON + HOUR, "linod was killed", tomorrow)

    assert [job.id for job in settled] == [claimed.id, running.id]
    assert [store.job(job.id) for job in settled] == settled
    assert all(job.state is State.INTERRUPTED and job.ended_at == NOON + HOUR for job in settled)
    for task in (due, asked):
        found = again(store, task)
        assert (found.job_id, found.next_due, found.disabled) == (None, NOON + DAY, False)
        assert (found.last_end_time, found.message) == (NOON + HOUR, "linod was killed")
    assert again(store, idle) == idle
    assert store.unfinished() == []
    assert store.interrupt_unfinished(NOON, "again", tomorrow) == []


def test_a_task_whose_job_is_not_in_the_ledger_is_released(store: Store) -> None:
    """Somebody has tidied up the ledger by hand: the task must not wait for that job's end for ever."""
    task = add(store, due=NOON)
    claim_slot(store, task)
    store._db.execute_sql("DELETE FROM linod_job")
    store.interrupt_unfinished(NOON, "gone", tomorrow)
    assert store.unplanned(5) == [again(store, task)]


def test_a_holder_killed_in_a_transaction_leaves_true_rows(store: Store, url: str, start: Start) -> None:
    """kill -9 between the statements of a claim, and between claim and end."""
    task = add(store, due=NOON)
    half = start("holder.py", url, "inside")
    assert line(half) == "claimed"
    os.kill(half.pid, signal.SIGKILL)
    half.wait(10)
    assert again(store, task) == task  # nothing of the claim was written
    assert store.jobs(limit=1) == []

    whole = start("holder.py", url, "after")
    assert line(whole) == "claimed"
    os.kill(whole.pid, signal.SIGKILL)
    whole.wait(10)
    [job] = store.unfinished()
    assert (job.state, again(store, task).job_id) == (State.CLAIMED, job.id)
    assert store.interrupt_unfinished(NOON, "killed", tomorrow)[0].id == job.id


def test_the_next_slot_may_be_none(store: Store) -> None:
    task = add(store, due=NOON)
    job = claim_slot(store, task)
    store.started(job.id, 1, 1, NOON)
    end(store, job, next_due=NOTHING_TO_PLAN)
    assert store.next_due() is None
    assert store.unplanned(5) == []
