"""The wall clock is set back while a job runs, or just after it ended: what follows it is of the new time. And what the
next daemon makes of a clock that was set back before."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from linod.jobs import Job, State
from linod.runner.settling import settle
from linod.runner.site import Absence
from tests.runner.crank import NOON, ZONE, Crank
from tests.runner.test_clockset import DAILY, DAY, HOUR, HOURLY, MINUTE, run_until, utc


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED])
@pytest.mark.parametrize("overlap", ["skip", "queue"])
def test_an_end_that_is_written_after_the_clock_was_set_back(tmp_path: Path, overlap: str, state: State) -> None:
    """The job has ended by the old clock; the turn that writes it is the one that sees the new one."""

    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("often", every_unit="secondly", every=3600, overlap=overlap, on_failure="retry")
            assert await crank.turn() == ["often"]
            crank.clock.forward(minutes=1)
            crank.end("often", state)
            crank.clock.set(crank.clock.at - 3 * DAY)
            started = await run_until(crank, NOON - 3 * DAY + 2 * HOUR)
            assert [slot for _, slot in started][-2:] == [NOON - 3 * DAY + HOUR, NOON - 3 * DAY + 2 * HOUR]

    asyncio.run(body())


def test_an_end_that_waits_for_the_database_while_the_clock_is_set_back(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("often", every_unit="secondly", every=3600)
            assert await crank.turn() == ["often"]
            with crank.locked():
                crank.end("often")
                await crank.turn()
                crank.clock.set(NOON - 3 * DAY + MINUTE)
                await crank.turn()
                assert crank.runner.database.problem is not None
            await crank.turn()
            assert crank.runner.database.problem is None
            assert (await crank.row("often")).next_due == NOON - 3 * DAY + HOUR
            [job] = await crank.jobs()
            assert (job.state, job.ended_at) == (State.SUCCEEDED, NOON)  # as it was when it ended

    asyncio.run(body())


@pytest.mark.parametrize("overlap", ["skip", "queue", "replace"])
@pytest.mark.parametrize("columns", [DAILY, HOURLY], ids=["daily", "hourly"])
def test_a_requested_job_that_runs_meanwhile(tmp_path: Path, columns: dict[str, Any], overlap: str) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            [task] = await crank.tasks("task", overlap=overlap, **columns)
            await crank.turn()
            assert await crank.request(task) is not None
            crank.clock.set(NOON - 3 * DAY + MINUTE)
            await crank.turn()
            crank.end("task")
            await crank.turn()
            assert (await crank.row("task")).next_due == (utc(22, 3) if columns is DAILY else utc(21, 13))

    asyncio.run(body())


def test_a_retry_that_runs_meanwhile(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            crank.clock.at = utc(24, 3)
            await crank.tasks("task", on_failure="retry", retries=3, retry_pause=7200, **DAILY)
            await crank.turn()
            crank.clock.at = utc(25, 3)
            assert await crank.turn() == ["task"]
            crank.end("task", State.FAILED)
            await crank.turn()
            crank.clock.forward(hours=3)
            assert await crank.turn() == ["task"]
            crank.clock.set(utc(25, 3, 30))  # after its slot, and before the retry began
            await crank.turn()
            crank.end("task")
            await crank.turn()
            assert (await crank.row("task")).next_due == utc(26, 3)

    asyncio.run(body())


def test_a_job_is_replaced_by_the_next_slot_of_the_new_time(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("hourly", overlap="replace", **HOURLY)
            await run_until(crank, NOON + MINUTE)
            crank.clock.at = NOON + HOUR
            assert await crank.turn() == ["hourly"]
            crank.clock.set(NOON - 3 * DAY - MINUTE)
            await crank.turn()
            assert crank.host.ended == []
            crank.clock.forward(minutes=1)
            await crank.turn()
            [(_, state, reason)] = crank.host.ended
            assert (state, "replaced by its next slot" in reason) == ("cancelled", True)

    asyncio.run(body())


def test_the_clock_is_set_back_between_the_look_at_it_and_the_turn(tmp_path: Path) -> None:
    """The turn must not decide about a moment that is three days ahead by now."""

    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("hourly", **HOURLY)
            await crank.turn()
            now = crank.clock.at + timedelta(minutes=1)
            crank.clock.forward(minutes=1)
            await crank.turn()
            crank.clock.set(now - 3 * DAY)
            turn = await crank.runner.run_pass(now)
            assert (turn.claimed, turn.next_due) == ((), NOON - 3 * DAY + HOUR)

    asyncio.run(body())


def test_slots_that_pass_while_a_job_runs_are_recorded_unless_they_had_their_jobs(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            [task] = await crank.tasks("hourly", **HOURLY)
            await crank.turn()
            assert len(await run_until(crank, NOON + HOUR)) == 1
            crank.clock.set(NOON + MINUTE)
            await crank.turn()
            assert await crank.request(task) is not None
            crank.clock.forward(hours=2)
            crank.end("hourly")
            await crank.turn()
            skipped = [(job.slot, job.slot_last) for job in await crank.jobs() if job.state is State.SKIPPED]
            assert skipped == [(NOON + 2 * HOUR, None)]

    asyncio.run(body())


def test_a_slot_that_passes_while_a_job_runs_in_time_that_is_lived_again(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            [task] = await crank.tasks("backup", **DAILY)
            await crank.turn()
            crank.clock.set(NOON - 3 * DAY)
            await crank.turn()
            crank.clock.at = utc(22, 2)
            assert await crank.request(task) is not None
            crank.clock.forward(hours=2)
            crank.end("backup")
            await crank.turn()
            [skipped, _] = await crank.jobs()
            assert (skipped.state, skipped.slot) == (State.SKIPPED, utc(22, 3))

    asyncio.run(body())


async def start_anew(crank: Crank, start: datetime) -> None:
    """What a daemon does that starts after another was killed, for the task "backup"."""
    crank.clock.at = start
    await crank.db.run(settle, crank.store, start, ZONE)
    crank.names.add("backup")
    await crank.tasks()
    crank.runner.site = crank.runner.site._replace(absence=Absence(start, "linod was down"))
    await crank.runner.resume()


def slots(jobs: Sequence[Job]) -> list[datetime | None]:
    """Of those that were executed, the oldest first."""
    return [job.slot for job in reversed(jobs) if job.state not in (State.MISSED, State.SKIPPED)]


def test_what_had_its_job_in_the_wrong_future_is_not_made_up_for_when_linod_was_down_until_then(
    tmp_path: Path,
) -> None:
    async def before() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("backup", **DAILY)
            await crank.turn()
            crank.clock.set(NOON + 3 * DAY)
            await run_until(crank, NOON + 3 * DAY + HOUR)
            crank.clock.set(NOON + HOUR)
            await run_until(crank, NOON + 2 * HOUR)

    async def after() -> None:
        async with Crank(tmp_path) as crank:
            await start_anew(crank, NOON + 3 * DAY + 2 * HOUR)
            await run_until(crank, NOON + 3 * DAY + 3 * HOUR)
            assert slots(await crank.jobs()) == [utc(27, 3)]
            assert "was run before the clock was set back" in (await crank.jobs())[0].message

    asyncio.run(before())
    asyncio.run(after())


def test_a_job_that_was_killed_leaves_no_slot_that_had_its_job_before_the_clock_was_set_back(tmp_path: Path) -> None:
    async def before() -> None:
        async with Crank(tmp_path) as crank:
            crank.clock.at = utc(25, 2, 30)
            [task] = await crank.tasks("backup", **DAILY)
            await crank.turn()
            assert len(await run_until(crank, utc(25, 3, 5))) == 1
            crank.clock.set(utc(25, 2, 55))
            await crank.turn()
            assert await crank.request(task) is not None

    async def after() -> None:
        async with Crank(tmp_path) as crank:
            await start_anew(crank, utc(25, 3, 6))
            await run_until(crank, utc(25, 4))
            assert slots(await crank.jobs()) == [utc(25, 3), None]  # the other is the request
            assert (await crank.row("backup")).next_due == utc(26, 3)

    asyncio.run(before())
    asyncio.run(after())
