"""A job that was claimed and that no process has read the order of: it waits for another, and nothing is lost."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from linod.host.protocol import HostAway
from linod.jobs import Job, Outcome, State
from linod.notify import Notifier
from linod.runner import Drain
from tests.runner.crank import Crank

KILLED = Outcome(State.INTERRUPTED, "The worker host was killed by signal SIGKILL")
FULL = Outcome(State.INTERRUPTED, "no process could be started: Resource temporarily unavailable")


def play(directory: Path, body: Callable[[Crank, Job], Coroutine[Any, Any, None]]) -> None:
    """With a task `a` whose job was handed to the host."""

    async def run() -> None:
        async with Crank(directory) as crank:
            (task,) = await crank.tasks("a")
            job = await crank.request(task)
            assert job is not None and [order.job_id for order in crank.host.orders] == [job.id]
            await body(crank, job)

    asyncio.run(run())


async def found(crank: Crank) -> Job:
    """The one job of the ledger."""
    [job] = await crank.jobs()
    return job


def test_it_is_handed_to_the_host_that_comes_next(tmp_path: Path) -> None:
    async def body(crank: Crank, job: Job) -> None:
        crank.supervisor.job_started(job.id, 17, 1)
        await crank.turn()
        crank.supervisor.job_unread(job.id, KILLED, died=True)
        crank.host.ready = False
        await crank.turn()
        assert len(crank.host.orders) == 1 and (await found(crank)).state is State.RUNNING
        crank.host.ready = True
        await crank.turn()
        assert [order.job_id for order in crank.host.orders] == [job.id, job.id]
        crank.end("a")  # in process 4711
        await crank.turn()
        ended = await found(crank)
        assert (ended.state, ended.pid) == (State.SUCCEEDED, 4711)
        assert (await crank.row("a")).job_id is None

    play(tmp_path, body)


def test_it_ran_in_a_process_of_which_nobody_told(tmp_path: Path) -> None:
    async def body(crank: Crank, job: Job) -> None:
        crank.supervisor.job_started(job.id, None, None)
        crank.supervisor.job_ended(job.id, Outcome(State.SUCCEEDED, ""), 0)
        await crank.turn()
        ended = await found(crank)
        assert (ended.state, ended.pid, ended.started_at) == (State.SUCCEEDED, None, job.claimed_at)
        assert (await crank.row("a")).job_id is None

    play(tmp_path, body)


def test_a_job_with_which_one_host_after_the_other_dies_is_interrupted(tmp_path: Path) -> None:
    async def body(crank: Crank, job: Job) -> None:
        for number in range(1, 5):
            assert len(crank.host.orders) == number
            crank.supervisor.job_unread(job.id, KILLED, died=True)
            await crank.turn()
        assert len(crank.host.orders) == 4
        ended = await found(crank)
        assert (ended.state, ended.message) == (State.INTERRUPTED, KILLED.message)

    play(tmp_path, body)


def test_without_a_process_it_is_tried_each_second_and_told_once(tmp_path: Path) -> None:
    async def body(crank: Crank, job: Job) -> None:
        for number in range(1, 20):
            crank.supervisor.job_unread(job.id, FULL, died=False)
            await crank.turn()
            assert len(crank.host.orders) == number
            crank.clock.forward(seconds=1)
            await crank.turn()
            assert len(crank.host.orders) == number + 1
        told = [line for line in crank.logged() if "No job can be started" in line]
        assert told == [f"No job can be started: {FULL.message}. linod tries again each second."]
        crank.end("a")
        assert crank.logged().count("Jobs can be started again.") == 1
        await crank.turn()
        assert (await found(crank)).state is State.SUCCEEDED

    play(tmp_path, body)


def test_a_claim_that_finds_no_descriptors_waits(tmp_path: Path) -> None:
    async def body(crank: Crank, job: Job) -> None:
        await crank.tasks("b")
        crank.host.away = HostAway("no channel for a job: Too many open files")
        second = await crank.request(await crank.row("b"))
        assert second is not None
        crank.clock.forward(seconds=1)
        await crank.turn()
        crank.host.away = None
        crank.clock.forward(seconds=1)
        await crank.turn()
        assert [order.job_id for order in crank.host.orders] == [job.id, second.id]

    play(tmp_path, body)


def test_a_job_that_waits_can_be_ended(tmp_path: Path) -> None:
    async def body(crank: Crank, job: Job) -> None:
        crank.host.ready = False
        crank.supervisor.job_unread(job.id, KILLED, died=True)
        crank.supervisor.end_job(job.id, State.CANCELLED, "cancelled by robin", 10)
        crank.host.ready = True
        await crank.turn()
        ended = await found(crank)
        assert (ended.state, ended.message) == (State.CANCELLED, "cancelled by robin before it began")
        assert len(crank.host.orders) == 1

    play(tmp_path, body)


def test_a_stop_interrupts_it_at_once(tmp_path: Path) -> None:
    async def body(crank: Crank, job: Job) -> None:
        crank.supervisor.job_unread(job.id, KILLED, died=True)
        crank.runner.stop()
        await Drain(crank.runner, crank.clock, Notifier({})).run()
        ended = await found(crank)
        assert (ended.state, ended.message) == (State.INTERRUPTED, "linod was stopped")
        assert len(crank.host.orders) == 1

    play(tmp_path, body)
