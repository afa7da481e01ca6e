"""One pass of the loop after the other: what is claimed, what is written, what happens when something is away."""

import asyncio
import sqlite3
from pathlib import Path

from linod.jobs import State
from tests.runner.crank import NOON, Crank


def test_requests_go_before_slots_and_no_more_than_max_jobs_run(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path, max_jobs=2) as crank:
            await crank.tasks("due_a", "due_b", every_unit="daily", every=1)
            (asked,) = await crank.tasks("asked")
            assert await crank.turn() == ["due_a", "due_b"]  # a repeating task that never ran is due at once
            assert await crank.request(asked) is None  # no free slot
            crank.clock.forward(days=1)
            crank.end("due_a")
            assert await crank.turn() == ["asked"]
            crank.end("asked")
            assert await crank.turn() == []
            crank.clock.forward(days=1)
            assert await crank.turn() == ["due_a"]  # due_b runs still: never two jobs of one task

    asyncio.run(body())


def test_a_request_with_a_free_slot_is_claimed_in_the_same_commit(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            (task,) = await crank.tasks("asked")
            job = await crank.request(task)
            assert job is not None and job.state is State.CLAIMED and job.requested_by == "robin"
            assert [order.job_id for order in crank.host.orders] == [job.id]
            row = await crank.row("asked")
            assert row.job_id == job.id and row.requested_at is None and row.last_start_time == NOON
            assert await crank.request(task) is None  # it runs: the second request waits for the end
            crank.end("asked")
            assert await crank.turn() == ["asked"]

    asyncio.run(body())


def test_nothing_is_claimed_while_the_host_is_away_and_requests_wait(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("due", every_unit="daily", every=1)
            (asked,) = await crank.tasks("asked")
            crank.host.ready = False
            assert await crank.request(asked) is None
            assert await crank.turn() == []
            crank.host.ready = True
            crank.runner.poke()
            assert await crank.turn() == ["asked", "due"]

    asyncio.run(body())


def test_tasks_of_procedures_that_are_gone_are_never_claimed_and_block_nobody(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path, max_jobs=1) as crank:
            await crank.tasks("gone_a", "gone_b", runnable=False, every_unit="daily", every=1)
            await crank.tasks("there", every_unit="daily", every=1)
            assert await crank.turn() == ["there"]
            crank.end("there")
            turn = await crank.runner.run_pass(crank.clock.now())
            assert turn.claimed == ()
            assert turn.next_due is not None and turn.next_due > NOON  # the loop does not spin for what cannot run

    asyncio.run(body())


def test_the_end_of_a_job_is_kept_while_the_database_is_away_and_written_once(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            (task,) = await crank.tasks("asked")
            await crank.request(task)
            with crank.locked():
                crank.end("asked", State.WARNED, "careful")
                await crank.turn()
                await crank.turn()
                assert crank.runner.database.problem is not None
            await crank.turn()
            assert crank.runner.database.problem is None
            (job,) = await crank.jobs()
            assert (job.state, job.message) == (State.WARNED, "careful")
            logged = crank.logged()
            assert sum("locked" in line for line in logged) == 1  # said once, not with each try
            assert "The database answers again." in logged

    asyncio.run(body())


def test_a_failure_disables_and_the_next_slot_of_others_is_from_the_grid(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("fails", every_unit="daily", every=1)
            await crank.tasks("often", every_unit="secondly", every=10)
            assert await crank.turn() == ["fails", "often"]
            crank.clock.forward(seconds=23)
            crank.end("fails", State.FAILED, "ValueError: 17")
            crank.end("often")
            await crank.turn()
            failed, often = await crank.row("fails"), await crank.row("often")
            assert failed.disabled and failed.last_end_time == crank.clock.now()
            assert often.next_due is not None and (often.next_due - NOON).total_seconds() == 30  # no drift
            text = next(line for line in crank.logged() if "Disabled System task #1 (fails)" in line)
            assert "linod-ctl show-job 1" in text and "linod-ctl enable fails" in text

    asyncio.run(body())


def test_an_impossible_row_is_said_once_and_stops_nothing(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("bad", "good", every_unit="daily", every=1)
            with sqlite3.connect(crank.file) as other:
                other.execute("UPDATE linod_systemtask SET every = 0 WHERE name = 'bad'")
            crank.runner.poke()
            assert await crank.turn() == ["good"]
            crank.runner.poke()
            await crank.turn()
            assert sum("System task #1 (bad) is not scheduled" in line for line in crank.logged()) == 1

    asyncio.run(body())


def test_a_cancelled_request_leaves_the_schedule_as_it_was(tmp_path: Path) -> None:
    """Defect 2 of the original."""

    async def body() -> None:
        async with Crank(tmp_path, max_jobs=1) as crank:
            await crank.tasks("busy", "other", every_unit="daily", every=1)
            assert await crank.turn() == ["busy"]
            before = await crank.row("other")
            await crank.request(before)
            await crank.db.run(crank.store.cancel_request, before.key, crank.clock.now())
            assert await crank.row("other") == before

    asyncio.run(body())
