"""The window of the day in which a job may start: what passed while it could not start waits for the next window."""

import asyncio
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest

from linod.jobs import State
from linod.tasks import NOTHING_TO_PLAN
from tests.runner.crank import NOON, Crank

NIGHT: Any = {"every_unit": "daily", "every": 1, "start_time": time(22), "end_time": time(23)}
"""From 22 to 23 in Brussels, which is 21 to 22 UTC in November."""


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("woken", "started", "planned"),
    [
        (utc(24, 21), ["backup"], None),  # on time
        (utc(24, 21, 40), ["backup"], None),  # late, in the window
        (utc(24, 22), ["backup"], None),  # at its end
        (utc(24, 22, 30), [], utc(25, 21)),  # linod was down: not before tomorrow
        (utc(27, 6), [], utc(27, 21)),  # and not at all hours of another day
        (utc(27, 21, 10), ["backup"], None),
    ],
)
def test_a_slot_that_passed_starts_in_the_window_only(
    tmp_path: Path, woken: datetime, started: list[str], planned: datetime | None
) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("backup", **NIGHT)
            await crank.turn()
            assert (await crank.row("backup")).next_due == utc(24, 21)
            crank.clock.at = woken
            assert await crank.turn() == started
            task = await crank.row("backup")
            jobs = await crank.jobs()
            if started:
                assert (task.next_due, [job.state for job in jobs]) == (NOTHING_TO_PLAN, [State.CLAIMED])
                return
            assert (task.next_due, task.events, task.job_id) == (planned, 0, None)
            assert [(job.state, job.slot, job.ended_at) for job in jobs] == [(State.MISSED, utc(24, 21), woken)]
            several = jobs[0].slot_last is not None
            assert (jobs[0].slot_last, jobs[0].slot_count) == ((utc(26, 21), 3) if several else (None, None))
            which = "3 slots from" if several else "its slot of"
            until = " to 26.11.2026 22:00:00 CET" if several else ""
            text = f"Missed {which} 24.11.2026 22:00:00 CET{until}: it may start from 22:00 to 23:00 only"
            assert (jobs[0].message, several) == (text, woken.day == 27)
            assert await crank.turn() == []
            assert len(await crank.jobs()) == 1  # said once, with no turn after it

    asyncio.run(body())


def test_a_slot_at_the_very_end_of_the_window_starts_although_the_claim_comes_after_it(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("poll", every_unit="hourly", every=1, start_time=time(9), end_time=time(14))
            crank.clock.at = utc(24, 12, 30)
            await crank.turn()
            assert (await crank.row("poll")).next_due == utc(24, 13)  # 14:00 in Brussels
            crank.clock.at = utc(24, 13)
            crank.clock.forward(milliseconds=4)
            assert await crank.turn() == ["poll"]

    asyncio.run(body())


def test_a_request_runs_outside_the_window_and_serves_the_slot_that_passed(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("backup", **NIGHT)
            await crank.turn()
            crank.clock.at = utc(25, 6)
            crank.host.ready = False
            await crank.request(await crank.row("backup"))
            crank.host.ready = True
            assert await crank.turn() == ["backup"]
            (job,) = await crank.jobs()
            assert (job.state, job.slot, job.requested_by) == (State.CLAIMED, utc(24, 21), "robin")

    asyncio.run(body())


def test_missed_slots_take_no_job_slot_from_others(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path, max_jobs=1) as crank:
            await crank.tasks("a", "b", **NIGHT)
            await crank.tasks("any_time", every_unit="daily", every=1, start_time=time(23, 15))
            await crank.turn()
            crank.clock.at = utc(24, 23)
            claimed: list[str] = []
            while not claimed:  # one turn reads as many due tasks as there are free job slots
                turn = await crank.runner.run_pass(crank.clock.now())
                claimed = [task.name for task, _ in turn.claimed]
                assert claimed or (turn.next_due is not None and turn.next_due <= crank.clock.now())
            assert claimed == ["any_time"]
            assert sorted(job.state for job in await crank.jobs()) == [State.CLAIMED, State.MISSED, State.MISSED]

    asyncio.run(body())


def test_a_task_that_never_ran_and_has_no_start_time_waits_for_the_window_to_open(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            crank.host.ready = False
            await crank.tasks("early", every_unit="daily", every=1, end_time=time(14))
            await crank.turn()
            assert (await crank.row("early")).next_due == NOON
            crank.clock.at = utc(24, 20)
            crank.host.ready = True
            assert await crank.turn() == []
            assert (await crank.row("early")).next_due == utc(24, 23)  # midnight in Brussels

    asyncio.run(body())
