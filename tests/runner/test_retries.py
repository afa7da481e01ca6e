"""What follows a job: retries and their pauses, `continue`, another attempt after an interruption."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from linod.jobs import Job, State
from linod.policies import Policy
from linod.runner.settling import settle
from linod.tasks import Task, status
from tests.runner.crank import NOON, ZONE, Crank
from tests.runner.test_missed import come_back

DAILY: Any = {"every_unit": "daily", "every": 1, "start_time": time(13)}
"""At 13:00 in Brussels, which is the noon of the crank."""

RETRY: Any = {**DAILY, "on_failure": "retry", "retries": 2, "retry_pause": 600}


def shown(job: Job) -> tuple[object, ...]:
    return job.state.value, job.slot, job.attempt


async def fail(crank: Crank, name: str = "report") -> Task:
    """The running job fails; the task after the turn that writes it."""
    crank.end(name, State.FAILED, "ValueError: x")
    assert await crank.turn() == []
    return await crank.row(name)


async def until_due(crank: Crank, name: str = "report") -> list[str]:
    """Time goes by to the `next_due` of a task; what the turn then starts."""
    crank.clock.at = (await crank.row(name)).next_due or NOON
    crank.runner.poke()
    return await crank.turn()


async def first_failure(crank: Crank, **columns: Any) -> Task:
    """A task whose first job has failed at noon."""
    crank.clock.at = NOON - timedelta(minutes=1)
    await crank.tasks("report", **{**RETRY, **columns})
    await crank.turn()
    assert await until_due(crank) == ["report"]
    return await fail(crank)


def minutes(task: Task, since: datetime) -> float:
    assert task.next_due is not None
    return (task.next_due - since).total_seconds() / 60


def test_a_failure_is_retried_with_growing_pauses_and_then_disables(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            task = await first_failure(crank)
            assert (task.disabled, task.failures, task.events) == (False, 1, 1)
            assert 9 <= minutes(task, NOON) <= 11
            assert status(task, NOON, ZONE).startswith("Retry 1 of 2 at 24.11.2026 13:")
            assert await crank.turn() == []
            assert await until_due(crank) == ["report"]
            failed = crank.clock.at
            task = await fail(crank)
            assert (task.failures, task.events) == (2, 1)
            assert 18 <= minutes(task, failed) <= 22
            assert await until_due(crank) == ["report"]
            task = await fail(crank)
            assert (task.disabled, task.failures, task.retried_job) == (True, 3, None)
            assert [shown(job) for job in await crank.jobs()] == [("failed", NOON, number) for number in (3, 2, 1)]
            assert task.failed_job == (await crank.jobs())[0].id
            text = "\n".join(crank.logged())
            assert "Retry 1 of 2 follows in" in text and "Retry 2 of 2 follows in" in text
            assert text.count("Disabled System task #1 (report)") == 1

    asyncio.run(body())


def test_a_success_ends_the_retries_and_the_next_slot_is_the_usual_one(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await first_failure(crank)
            assert await until_due(crank) == ["report"]
            crank.end("report")
            await crank.turn()
            task = await crank.row("report")
            assert (task.failures, task.retried_job, task.next_due) == (0, None, NOON + timedelta(days=1))

    asyncio.run(body())


def test_a_retry_waits_in_the_row_also_for_another_daemon(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            task = await first_failure(crank)
        async with Crank(tmp_path) as crank:
            await crank.tasks("report", **RETRY)
            come_back(crank, NOON + timedelta(minutes=30))
            assert await crank.turn() == ["report"]
            assert shown((await crank.jobs())[0]) == ("claimed", NOON, 2)
            assert task.next_due is not None and task.next_due < crank.clock.at

    asyncio.run(body())


def test_a_slot_that_comes_before_the_retry_takes_its_place(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            task = await first_failure(crank, every_unit="minutely")
            first = (await crank.jobs())[0].slot
            assert first is not None
            assert (task.next_due, task.retried_job) == (first + timedelta(minutes=1), None)
            for _ in range(2):
                assert await until_due(crank) == ["report"]
                task = await fail(crank)
            assert task.disabled and task.failures == 3
            assert [job.attempt for job in await crank.jobs()] == [1, 1, 1]

    asyncio.run(body())


def test_a_retry_that_waited_past_the_next_slot_is_none(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await first_failure(crank)
            come_back(crank, NOON + timedelta(days=2, minutes=1))
            assert await crank.turn() == ["report"]
            job, missed, _ = await crank.jobs()
            assert shown(missed) == ("missed", NOON + timedelta(days=1), 1)
            assert shown(job) == ("claimed", NOON + timedelta(days=2), 1)
            assert (await crank.row("report")).failures == 1

    asyncio.run(body())


def test_run_now_runs_the_retry_at_once(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            task = await first_failure(crank)
            job = await crank.request(task)
            assert job is not None
            assert (job.slot, job.attempt, job.requested_by) == (NOON, 2, "robin")
            task = await fail(crank)
            assert task.failures == 2
            assert 18 <= minutes(task, NOON) <= 22

    asyncio.run(body())


def test_a_request_that_failed_is_retried(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            (task,) = await crank.tasks("report", every_unit="never", on_failure="retry")
            await crank.turn()
            await crank.request(task)
            await fail(crank)
            assert await until_due(crank) == ["report"]
            job, first = await crank.jobs()
            assert (job.slot, job.attempt) == (None, 2)
            assert (job.requested_at, job.requested_by) == (first.requested_at, "robin")

    asyncio.run(body())


@pytest.mark.parametrize("edit", [{"disabled": True}, {"start_time": "14:00"}])
def test_who_disables_a_task_or_edits_its_schedule_takes_back_its_retry(tmp_path: Path, edit: Any) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            task = await first_failure(crank)
            await crank.db.run(crank.store.set_columns, task.key, edit)
            task = await crank.row("report")
            assert (task.retried_job, task.next_due, task.failures) == (None, None, 1)
            await crank.db.run(crank.store.set_columns, task.key, {"disabled": True})
            await crank.db.run(crank.store.set_columns, task.key, {"disabled": False})
            assert (await crank.row("report")).failures == 0

    asyncio.run(body())


def test_other_edits_leave_the_retry(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            task = await first_failure(crank)
            await crank.db.run(crank.store.set_columns, task.key, {"on_failure": "continue"})
            assert (await crank.row("report")).retried_job == task.retried_job
            assert await until_due(crank) == ["report"]
            task = await fail(crank)
            assert (task.disabled, task.next_due, task.failures) == (False, NOON + timedelta(days=1), 2)

    asyncio.run(body())


def test_a_clock_that_is_set_back_does_not_put_off_a_retry(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await first_failure(crank)
            crank.clock.set(NOON - timedelta(days=3))
            await crank.turn()
            task = await crank.row("report")
            assert 9 <= minutes(task, crank.clock.at) <= 11
            assert await until_due(crank) == ["report"]
            assert shown((await crank.jobs())[0]) == ("claimed", NOON, 2)

    asyncio.run(body())


def test_what_the_settings_say_of_failures_holds_for_a_task_that_says_nothing(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            crank.runner.site = crank.runner.site._replace(policy=Policy(on_failure="retry", retries=1))
            await crank.tasks("report", **DAILY)
            await crank.turn()
            assert await until_due(crank) == ["report"]
            assert (await fail(crank)).retried_job == 1
            assert await until_due(crank) == ["report"]
            assert (await fail(crank)).disabled

    asyncio.run(body())


def test_nothing_is_retried_outside_the_window_of_the_day(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            task = await first_failure(crank, end_time=time(13, 5))
            assert (task.retried_job, task.next_due) == (None, NOON + timedelta(days=1))

    asyncio.run(body())


def test_an_interrupted_job_runs_again_at_once_and_no_more_often_than_retries_says(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            crank.clock.at = NOON - timedelta(minutes=1)
            await crank.tasks("report", **DAILY, on_crash="again", retries=2)
            await crank.turn()
            assert await until_due(crank) == ["report"]
            for _ in range(2):
                crank.end("report", State.INTERRUPTED, "the host died")
                assert await crank.turn() == ["report"]
            crank.end("report", State.INTERRUPTED, "the host died")
            assert await crank.turn() == []
            task = await crank.row("report")
            assert (task.disabled, task.next_due, task.failures) == (False, NOON + timedelta(days=1), 0)
            assert [shown(job) for job in await crank.jobs()] == [("interrupted", NOON, number) for number in (3, 2, 1)]

    asyncio.run(body())


@pytest.mark.parametrize(("on_crash", "started"), [("again", ["report"]), ("next", [])])
def test_what_a_daemon_left_that_was_killed_runs_again(tmp_path: Path, on_crash: str, started: list[str]) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            crank.clock.at = NOON - timedelta(minutes=1)
            await crank.tasks("report", **DAILY, on_crash=on_crash)
            await crank.turn()
            assert await until_due(crank) == ["report"]
        async with Crank(tmp_path) as crank:
            await crank.db.run(settle, crank.store, NOON + timedelta(minutes=5), ZONE)
            crank.names.add("report")
            await crank.tasks("report", **DAILY)
            come_back(crank, NOON + timedelta(minutes=5))
            assert await crank.turn() == started
            if started:
                assert shown((await crank.jobs())[0]) == ("claimed", NOON, 2)

    asyncio.run(body())


def test_what_waits_to_run_again_says_so() -> None:
    task = Task("linod.SystemTask", 1, 1, "a", "a", every_unit="daily", next_due=NOON, retried_job=12)
    assert status(task, NOON, ZONE) == "To run again asap (job 12 was interrupted)"
    task = task._replace(failures=2, next_due=datetime(2026, 11, 24, 12, 3, tzinfo=UTC))
    assert status(task, NOON, ZONE, retries=5) == "Retry 2 of 5 at 24.11.2026 13:03 (3 minutes from now)"
