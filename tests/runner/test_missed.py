"""Slots that passed while nobody could run them: one job makes up for all, or none does, by the task's `missed`."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from linod.jobs import Job, State
from linod.journal import Event
from linod.policies import Policy
from linod.runner import Absence
from linod.runner.settling import settle
from tests.runner.crank import NOON, ZONE, Crank

DAILY: Any = {"every_unit": "daily", "every": 1, "start_time": time(4)}
"""At 04:00 in Brussels, which is 03:00 UTC in November."""


def utc(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, second, tzinfo=UTC)


def come_back(crank: Crank, now: datetime) -> None:
    """linod was down until now."""
    crank.clock.at = now
    crank.runner.site = crank.runner.site._replace(absence=Absence(now, "linod was down"))
    crank.runner.poke()


def shown(job: Job) -> tuple[object, ...]:
    return job.state.value, job.slot, job.slot_last, job.slot_count


@pytest.mark.parametrize("missed", [None, "once"])
def test_one_job_takes_the_last_slot_and_those_before_it_are_one_row(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, missed: str | None
) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("backup", missed=missed, **DAILY)
            await crank.turn()
            come_back(crank, utc(28, 9))
            assert await crank.turn() == ["backup"]
            job, row = await crank.jobs()
            assert shown(row) == ("missed", utc(25, 3), utc(27, 3), 3)
            assert shown(job) == ("claimed", utc(28, 3), None, None)
            assert "linod was down; the slot of 28.11.2026 04:00:00 CET is run for all of them" in row.message
            crank.end("backup")
            assert await crank.turn() == []
            assert (await crank.row("backup")).next_due == utc(29, 3)
            assert len(await crank.jobs()) == 2

    asyncio.run(body())
    [record] = caplog.records
    assert record.__dict__["event"] is Event.MISSED and record.__dict__["fields"]["LINOD_TASK"] == "backup"


def test_the_slots_behind_an_interrupted_job_were_missed_too(tmp_path: Path) -> None:
    """The machine lost its power during a nightly job, for three days."""

    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("backup", **DAILY)
            await crank.turn()
            crank.clock.at = utc(25, 3)
            assert await crank.turn() == ["backup"]
            [job] = await crank.db.run(settle, crank.store, utc(28, 9), ZONE)
            assert job.state is State.INTERRUPTED
            crank.supervisor.book.jobs.clear()
            come_back(crank, utc(28, 9))
            assert await crank.turn() == ["backup"]
            made_up, row, _ = await crank.jobs()
            assert shown(row) == ("missed", utc(26, 3), utc(27, 3), 2)
            assert shown(made_up) == ("claimed", utc(28, 3), None, None)

    asyncio.run(body())


def test_skip_runs_nothing_and_records_what_passed(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("report", missed="skip", **DAILY)
            await crank.turn()
            come_back(crank, utc(28, 9))
            assert await crank.turn() == []
            task, [row] = await crank.row("report"), await crank.jobs()
            assert (task.next_due, task.events) == (utc(29, 3), 0)
            assert shown(row) == ("missed", utc(25, 3), utc(28, 3), 4)
            assert row.message.endswith(": linod was down; missed is skip")

    asyncio.run(body())


def test_a_task_that_says_nothing_does_what_the_settings_say(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            crank.runner.site = crank.runner.site._replace(policy=Policy(missed="skip"))
            await crank.tasks("report", **DAILY)
            await crank.tasks("backup", missed="once", **DAILY)
            await crank.turn()
            come_back(crank, utc(28, 9))
            assert await crank.turn() == ["backup"]

    asyncio.run(body())


def test_skip_runs_a_slot_that_comes_during_a_restart(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("report", missed="skip", **DAILY)
            await crank.turn()
            come_back(crank, utc(26, 3, 0, 2))
            assert await crank.turn() == ["report"]
            job, row = await crank.jobs()
            assert (shown(job)[:2], shown(row)[:2]) == (("claimed", utc(26, 3)), ("missed", utc(25, 3)))

    asyncio.run(body())


def test_a_slot_that_waits_for_a_free_job_slot_is_late_and_not_missed(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path, max_jobs=1) as crank:
            await crank.tasks("busy", every_unit="daily", every=1)
            come_back(crank, NOON)
            assert await crank.turn() == ["busy"]
            await crank.tasks("report", missed="skip", **DAILY)
            await crank.turn()
            crank.clock.at = utc(25, 9)
            crank.end("busy")
            assert await crank.turn() == ["report"]
            assert [job.state for job in await crank.jobs()] == [State.CLAIMED, State.SUCCEEDED]

    asyncio.run(body())


def test_a_request_runs_whatever_was_missed(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("report", missed="skip", **DAILY)
            await crank.turn()
            crank.host.ready = False
            come_back(crank, utc(28, 9))
            await crank.request(await crank.row("report"))
            crank.host.ready = True
            assert await crank.turn() == ["report"]

    asyncio.run(body())


@pytest.mark.parametrize("missed", ["once", "skip"])
def test_the_first_run_of_a_task_cannot_be_missed(tmp_path: Path, missed: str) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            crank.host.ready = False
            await crank.tasks("new", every_unit="hourly", every=1, missed=missed)
            await crank.turn()
            crank.host.ready = True
            come_back(crank, NOON + timedelta(days=3))
            assert await crank.turn() == ["new"]
            assert [job.slot for job in await crank.jobs()] == [NOON]

    asyncio.run(body())


def test_a_year_of_seconds_is_one_row_and_one_job(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("often", every_unit="secondly", every=1)
            assert await crank.turn() == ["often"]
            crank.end("often")
            await crank.turn()
            come_back(crank, NOON + timedelta(days=365))
            assert await crank.turn() == ["often"]
            job, row, _ = await crank.jobs()
            seconds = 365 * 86400
            assert shown(row)[1:] == (NOON + timedelta(seconds=1), crank.clock.at - timedelta(seconds=1), seconds - 1)
            assert job.slot == crank.clock.at

    asyncio.run(body())


def test_many_that_missed_something_do_not_keep_each_other_from_running(tmp_path: Path) -> None:
    """Two job slots: each turn starts two of those that make up for it, and passes over many that do not at once."""

    async def body() -> None:
        async with Crank(tmp_path) as crank:
            names = [f"task {number}" for number in range(6)]
            await crank.tasks(*names, **DAILY)
            await crank.tasks(*(f"skip {number}" for number in range(40)), missed="skip", **DAILY)
            await crank.turn()
            come_back(crank, utc(28, 9))
            for pair in (names[:2], names[2:4], names[4:]):
                assert await crank.turn() == pair
                for name in pair:
                    crank.end(name)
            assert await crank.turn() == []
            assert len([job for job in await crank.jobs() if job.state is State.MISSED]) == 46
            assert await crank.turn() == []

    asyncio.run(body())
