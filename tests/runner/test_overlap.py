"""Slots that come while the task's job runs: skipped, the last one waits, or it replaces the job."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

from linod.jobs import Job, State
from linod.tasks import NOTHING_TO_PLAN
from tests.runner.crank import NOON, Crank

HOURLY: Any = {"every_unit": "hourly", "every": 1}
HOUR = timedelta(hours=1)


def shown(job: Job) -> tuple[object, ...]:
    return job.state.value, job.slot, job.slot_last, job.slot_count


async def started(crank: Crank, **columns: Any) -> None:
    """An hourly task whose job runs since noon."""
    await crank.tasks("report", **{**HOURLY, **columns})
    assert await crank.turn() == ["report"]


def test_slots_that_pass_during_a_job_are_one_skipped_row(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await started(crank)
            assert (await crank.row("report")).next_due == NOTHING_TO_PLAN
            crank.clock.forward(hours=3, minutes=30)
            crank.end("report")
            assert await crank.turn() == []
            row, job = await crank.jobs()
            assert shown(row) == ("skipped", NOON + HOUR, NOON + 3 * HOUR, 3)
            assert row.message == (
                "Skipped 3 slots from 24.11.2026 14:00:00 CET to 24.11.2026 16:00:00 CET: job 1 had not ended"
            )
            assert (job.state, row.ended_at) == (State.SUCCEEDED, crank.clock.at)
            assert (await crank.row("report")).next_due == NOON + 4 * HOUR

    asyncio.run(body())


def test_a_job_that_ends_before_its_next_slot_skips_none(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await started(crank)
            crank.clock.forward(minutes=59)
            crank.end("report")
            assert await crank.turn() == []
            assert len(await crank.jobs()) == 1

    asyncio.run(body())


def test_slots_that_pass_during_a_requested_job_are_skipped_too(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await started(crank)
            crank.end("report")
            await crank.turn()
            crank.clock.forward(minutes=30)
            assert await crank.request(await crank.row("report")) is not None
            crank.clock.forward(hours=1)
            crank.end("report")
            assert await crank.turn() == []
            assert shown((await crank.jobs())[0]) == ("skipped", NOON + HOUR, None, None)

    asyncio.run(body())


def test_a_disabled_task_has_no_slots_that_could_be_skipped(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await started(crank, overlap="queue")
            task = await crank.row("report")
            await crank.db.run(crank.store.set_columns, task.key, {"disabled": True})
            crank.clock.forward(hours=3)
            crank.end("report")
            assert await crank.turn() == []
            assert len(await crank.jobs()) == 1

    asyncio.run(body())


def test_the_last_slot_waits_for_the_end_and_the_others_are_skipped(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await started(crank, overlap="queue")
            assert (await crank.row("report")).next_due == NOON + HOUR
            crank.clock.forward(hours=3, minutes=30)
            assert await crank.turn() == []
            crank.end("report")
            assert await crank.turn() == ["report"]
            row = next(job for job in await crank.jobs() if job.state is State.SKIPPED)
            assert shown(row) == ("skipped", NOON + HOUR, NOON + 2 * HOUR, 2)
            assert (await crank.jobs())[0].slot == NOON + 3 * HOUR
            crank.end("report")
            assert await crank.turn() == []
            assert (await crank.row("report")).next_due == NOON + 4 * HOUR
            assert len(await crank.jobs()) == 3

    asyncio.run(body())


def test_one_slot_that_waits_skips_none(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await started(crank, overlap="queue", max_events=2)
            crank.clock.forward(hours=1)
            crank.end("report")
            assert await crank.turn() == ["report"]
            assert (await crank.row("report")).next_due == NOTHING_TO_PLAN  # max_events
            crank.clock.forward(hours=5)
            crank.end("report")
            assert await crank.turn() == []
            assert [job.slot for job in await crank.jobs()] == [NOON + HOUR, NOON]

    asyncio.run(body())


def test_a_request_leaves_the_slot_that_waits(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await started(crank, overlap="queue")
            crank.end("report")
            await crank.turn()
            crank.clock.forward(minutes=30)
            assert await crank.request(await crank.row("report")) is not None
            assert (await crank.row("report")).next_due == NOON + HOUR
            crank.clock.forward(hours=1)
            crank.end("report")
            assert await crank.turn() == ["report"]
            assert (await crank.jobs())[0].slot == NOON + HOUR

    asyncio.run(body())


def ended_by_linod(crank: Crank) -> list[tuple[int, str, str]]:
    """Which jobs the runner had ended in the last turn."""
    ended, crank.host.ended = crank.host.ended, []
    return ended


def test_the_next_slot_replaces_the_job(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await started(crank, overlap="replace")
            crank.clock.forward(minutes=59)
            await crank.turn()
            assert ended_by_linod(crank) == []
            crank.clock.forward(minutes=1)
            assert await crank.turn() == []
            assert ended_by_linod(crank) == [(1, "cancelled", "replaced by its next slot after it had run 1h")]
            crank.end("report", State.CANCELLED, "replaced by its next slot")
            assert await crank.turn() == ["report"]
            assert [shown(job)[:2] for job in await crank.jobs()] == [
                ("claimed", NOON + HOUR),
                ("cancelled", NOON),
            ]
            assert not (await crank.row("report")).disabled

    asyncio.run(body())


def test_a_slot_that_an_edit_took_away_replaces_nothing(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await started(crank, overlap="replace")
            task = await crank.row("report")
            await crank.db.run(crank.store.set_columns, task.key, {"every": 5})
            crank.clock.forward(hours=2)
            await crank.turn()
            assert ended_by_linod(crank) == []

    asyncio.run(body())


def test_a_request_replaces_nothing(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await started(crank, overlap="replace")
            crank.clock.forward(minutes=30)
            assert await crank.request(await crank.row("report")) is None
            assert await crank.turn() == []
            assert ended_by_linod(crank) == []

    asyncio.run(body())
