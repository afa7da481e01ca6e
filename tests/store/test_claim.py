"""The claim: one job for one reason, whoever else wants it."""

import sqlite3
from datetime import UTC, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from linod.jobs import State
from linod.store import Store
from linod.tasks import NOTHING_TO_PLAN
from tests.store.conftest import Start, line, tell
from tests.store.moments import DAY, HOUR, NOON, SECOND, add, again, claim_request, claim_slot, end, run


def test_a_claimed_slot_is_a_job_and_its_task_says_so(store: Store) -> None:
    task = add(store, due=NOON - SECOND)

    job = claim_slot(store, task)

    found = again(store, task)
    assert store.job(job.id) == job
    assert (job.state, job.slot, job.attempt, job.claimed_at) == (State.CLAIMED, NOON - SECOND, 1, NOON)
    assert (job.node, job.boot_id, job.requested_at, job.log_level) == ("n1", "b1", None, "INFO")
    assert (found.job_id, found.next_due, found.events) == (job.id, NOTHING_TO_PLAN, 1)
    assert (found.last_start_time, found.last_end_time, found.anchor) == (NOON, None, NOON - SECOND)
    assert found.message.startswith("Started at 24.11.2026 12:00:00 UTC with logging level INFO")


def test_a_claimed_request_is_emptied_into_its_job(store: Store) -> None:
    task, new = store.request(add(store, due=NOON + DAY).key, "ada", NOON, "debug")
    assert new

    job = claim_request(store, task, NOON + SECOND)

    found = again(store, task)
    assert (job.requested_at, job.requested_by, job.log_level, job.slot) == (NOON, "ada", "DEBUG", None)
    assert (found.requested_at, found.requested_by, found.requested_log_level) == (None, None, None)
    assert (found.events, found.anchor) == (0, NOON + SECOND)
    assert found.message.endswith("with logging level DEBUG")


def test_a_task_is_claimed_once(store: Store) -> None:
    """Also by one who read the row before the other claimed it."""
    task = add(store, due=NOON)
    claim_slot(store, task)

    assert store.claim(task, by_request=False, slot=NOON, now=NOON, node="n2", boot_id="b") is None
    assert store.claim(again(store, task), by_request=False, slot=NOON, now=NOON, node="n2", boot_id="b") is None
    assert len(store.jobs(limit=9)) == 1


def test_a_request_during_a_job_waits_for_its_end(store: Store) -> None:
    task = add(store, due=NOON)
    job = claim_slot(store, task)
    asked, new = store.request(task.key, "ada", NOON)
    assert new
    assert store.requested(5) == []
    assert store.claim(asked, by_request=True, slot=None, now=NOON, node="n", boot_id="b") is None
    end(store, job)
    assert [found.requested_at for found in store.requested(5)] == [NOON]  # it survived the end


@pytest.mark.parametrize("edit", [{"disabled": True}, {"every": 2}, {"start_time": "04:00"}])
def test_an_edit_between_reading_and_claiming_wins(store: Store, edit: dict[str, object]) -> None:
    """Defect 3: rows were read at the start of the loop and run as they had been."""
    task = add(store, due=NOON)
    store.set_columns(task.key, edit)
    assert store.claim(task, by_request=False, slot=NOON, now=NOON, node="n", boot_id="b") is None
    assert store.jobs(limit=1) == []


def test_a_request_between_reading_and_claiming_a_slot_is_not_swallowed(store: Store) -> None:
    """Defect 3 as well: a run_now on a row that was about to run vanished."""
    task = add(store, due=NOON)
    store.request(task.key, "ada", NOON)
    assert store.claim(task, by_request=False, slot=NOON, now=NOON, node="n", boot_id="b") is None
    assert again(store, task).requested_by == "ada"


def test_a_request_cancelled_between_reading_and_claiming_runs_nothing(store: Store) -> None:
    """Defect 2: cancel_run did not cancel."""
    task, _ = store.request(add(store, due=NOON + DAY).key, "ada", NOON)
    store.cancel_request(task.key, NOON)
    store.request(task.key, "bob", NOON + SECOND)
    assert store.claim(task, by_request=True, slot=None, now=NOON, node="n", boot_id="b") is None


def test_a_request_for_a_task_that_is_due_is_one_job(store: Store) -> None:
    task, _ = store.request(add(store, due=NOON).key, "ada", NOON)
    job = store.claim(task, by_request=True, slot=NOON, now=NOON, node="n", boot_id="b")
    assert job is not None
    assert (job.slot, job.requested_by) == (NOON, "ada")
    assert again(store, task).events == 1


def test_a_disabled_task_runs_on_request_and_stays_disabled(store: Store) -> None:
    task, _ = store.request(add(store, disabled=True).key, "ada", NOON)
    end(store, claim_request(store, task), next_due=NOTHING_TO_PLAN)
    assert again(store, task).disabled


def test_a_claim_needs_a_reason(store: Store) -> None:
    with pytest.raises(ValueError, match="neither"):
        store.claim(add(store), by_request=False, slot=None, now=NOON, node="n", boot_id="b")


def test_the_anchor_is_set_once(store: Store) -> None:
    task = add(store, due=NOON)
    run(store, task)
    store.set_columns(task.key, {"every": 2})
    store.plan(task, NOON + HOUR)
    run(store, again(store, task))
    assert again(store, task).anchor == NOON


def test_a_slot_that_comes_twice_is_a_second_attempt(store: Store) -> None:
    """The clock was set back, then somebody edited the schedule."""
    task = add(store, due=NOON)
    run(store, task)
    store.set_columns(task.key, {"every": 2})
    store.plan(task, NOON)
    assert run(store, again(store, task)).attempt == 2


def test_ids_are_never_used_again(store: Store) -> None:
    first = add(store, "first")
    last = add(store, "last")
    assert store.remove(last.key)
    assert add(store, "new").id == last.id + 1 == first.id + 2


def test_a_removed_task_is_not_claimed_and_keeps_its_jobs(store: Store) -> None:
    task = add(store, due=NOON)
    job = run(store, task)
    assert store.remove(task.key)
    assert not store.remove(task.key)
    assert store.claim(task, by_request=False, slot=NOON, now=NOON, node="n", boot_id="b") is None
    assert store.jobs(key=task.key, limit=5) == [job]


def test_claims_share_a_transaction_and_fall_together(store: Store) -> None:
    tasks = [add(store, f"t{number}", due=NOON) for number in range(3)]
    with pytest.raises(KeyError), store.transaction():
        for task in tasks:
            claim_slot(store, task)
        raise KeyError
    assert store.jobs(limit=5) == []
    assert store.due(NOON, 5) == tasks


def test_the_message_is_in_the_sites_zone(url: str) -> None:
    store = Store(url, zone=ZoneInfo("Europe/Brussels"))
    store.open()
    task = add(store, due=NOON)
    claim_slot(store, task)
    assert again(store, task).message == "Started at 24.11.2026 13:00:00 CET with logging level INFO"
    store.close()


def test_two_processes_at_once_claim_each_task_once(store: Store, url: str, path: Path, start: Start) -> None:
    """Each reads all due tasks and claims as fast as it can; a third edits and asks meanwhile."""
    count = 150
    with store.transaction():
        for number in range(count):
            add(store, f"t{number}", due=NOON - timedelta(seconds=number))
    claimers = [start("claimer.py", url, node) for node in ("one", "two")]
    assert [line(claimer) for claimer in claimers] == ["ready", "ready"]
    for claimer in claimers:
        tell(claimer, "go")
    for number in range(1, 40):
        store.set_columns(store.find(str(number))[0].key, {"log_level": "DEBUG"})

    won = [int(line(claimer)) for claimer in claimers]

    jobs = store.jobs(limit=2 * count)
    assert sum(won) == len(jobs) == count
    assert {job.task_id for job in jobs} == set(range(1, count + 1))
    assert sorted(won) == sorted(sum(job.node == node for job in jobs) for node in ("one", "two"))


def test_the_ledger_itself_refuses_a_second_job_of_one_attempt(store: Store, path: Path) -> None:
    job = claim_slot(store, add(store, due=NOON))
    other = sqlite3.connect(path, isolation_level=None)
    columns = "kind, task_id, task_name, procedure, state, slot, attempt, log_level, node, boot_id, claimed_at"
    texts = "message, traceback, log, log_lines, log_dropped"
    with pytest.raises(sqlite3.IntegrityError):
        other.execute(
            f"INSERT INTO linod_job ({columns}, {texts}) SELECT {columns}, {texts} FROM linod_job WHERE id = {job.id}"
        )
    other.close()


def test_a_claim_does_not_depend_on_what_is_not_in_its_condition(store: Store) -> None:
    task = add(store, due=NOON.astimezone(UTC))
    store.set_columns(task.key, {"log_level": "DEBUG"})
    job = claim_slot(store, task)
    assert job.log_level == task.log_level == "INFO"  # of the row that was read; the next job has the new one
