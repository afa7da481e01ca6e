"""The wall clock is set, the machine sleeps: noticed at the next turn, recorded, planned anew; no slot is run twice."""

import asyncio
import json
import logging
import sqlite3
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from linod.jobs import Job, State
from linod.journal import Event
from linod.runner.replanning import AT_ONCE
from linod.tasks import NOTHING_TO_PLAN
from tests.runner.crank import NOON, Crank

DAILY: Any = {"every_unit": "daily", "every": 1, "start_time": time(4), "start_date": date(2026, 1, 1)}
"""At 04:00 in Brussels, which is 03:00 UTC in November."""

HOURLY: Any = {"every_unit": "hourly", "every": 1, "start_time": time(0), "start_date": date(2026, 1, 1)}
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def utc(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, second, tzinfo=UTC)


def changes(crank: Crank) -> list[dict[str, Any]]:
    with sqlite3.connect(crank.file) as db:
        rows = db.execute('SELECT before, after FROM linod_change WHERE action = "clock" ORDER BY id').fetchall()
    return [{"from": json.loads(before)["now"], **json.loads(after)} for before, after in rows]


def events(crank: Crank) -> list[tuple[int, str]]:
    crank.journal.drain()
    return [(entry.level, entry.text) for entry in crank.lines.entries if entry.event is Event.CLOCK_SET]


async def run_until(crank: Crank, end: datetime) -> list[tuple[str, datetime | None]]:
    """Let time go by from slot to slot; each job ends at once. Returns what was started: name and slot."""
    started: list[tuple[str, datetime | None]] = []
    while True:
        turn = await crank.runner.run_pass(crank.clock.now())
        started += [(task.name, job.slot) for task, job in turn.claimed]
        for task, _ in turn.claimed:
            crank.end(task.name)
        if turn.claimed or crank.runner._look:
            continue
        if turn.next_due is None or turn.next_due > end:
            crank.clock.at = end
            return started
        crank.clock.at = max(turn.next_due, crank.clock.at)


def shown(job: Job) -> tuple[object, ...]:
    return job.state.value, job.slot, job.slot_last, job.slot_count


def test_set_forward_slots_that_were_passed_are_missed_by_each_tasks_policy(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("backup", **DAILY)
            await crank.tasks("report", missed="skip", **DAILY)
            await crank.turn()
            crank.clock.set(NOON + 3 * DAY)
            assert await crank.turn() == ["backup"]
            crank.end("backup")
            await crank.turn()
            assert (await crank.row("backup")).next_due == (await crank.row("report")).next_due == utc(28, 3)
            found = {(job.task_name, *shown(job)) for job in await crank.jobs()}
            assert found == {
                ("backup", "missed", utc(25, 3), utc(26, 3), 2),
                ("backup", "succeeded", utc(27, 3), None, None),
                ("report", "missed", utc(25, 3), utc(27, 3), 3),
            }
            text = "The clock was set 3 days forward, from 24.11.2026 13:00:00 CET to 27.11.2026 13:00:00 CET"
            assert events(crank) == [(logging.WARNING, text)]
            assert changes(crank) == [{"from": "2026-11-24T12:00:00Z", "now": "2026-11-27T12:00:00Z", "slept": 0}]

    asyncio.run(body())


def test_set_back_nothing_is_silent_until_the_old_time_comes_again(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("backup", **DAILY)
            await crank.tasks("often", every_unit="secondly", every=3600)
            await run_until(crank, NOON)
            crank.clock.set(NOON - 3 * DAY)
            await crank.turn()
            assert (await crank.row("backup")).next_due == utc(22, 3)
            assert (await crank.row("often")).next_due == utc(21, 13)
            [(level, text)] = events(crank)
            assert (level, "set 3 days back" in text) == (logging.WARNING, True)
            started = await run_until(crank, NOON)
            assert [slot for name, slot in started if name == "backup"] == [utc(22, 3), utc(23, 3), utc(24, 3)]
            hours = [slot for name, slot in started if name == "often" and slot is not None]
            assert all(later - earlier <= 2 * HOUR for earlier, later in pairwise(hours))

    asyncio.run(body())


def test_forward_once_more_what_had_its_job_there_is_not_made_up_for(tmp_path: Path) -> None:
    """An interval, too: its next slot is near, and a job for the same one would come moments after the first."""

    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("often", every_unit="secondly", every=3600)
            await run_until(crank, NOON)
            for move in (3 * DAY, -3 * DAY, 3 * DAY):
                crank.clock.set(crank.clock.at + move + MINUTE)
                for name in await crank.turn():
                    crank.end(name)
                await crank.turn()
            slots = [job.slot for job in await crank.jobs() if job.state is State.SUCCEEDED]
            assert len(slots) == len(set(slots))
            missed = [job for job in await crank.jobs() if job.state is State.MISSED]
            assert "was run before the clock was set back" in missed[0].message
            assert (await crank.row("often")).next_due == utc(27, 13)

    asyncio.run(body())


def test_forward_and_back_again_each_slot_of_a_calendar_has_one_job(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("backup", **DAILY)
            await crank.turn()
            crank.clock.set(NOON + 3 * DAY)
            assert await run_until(crank, NOON + 3 * DAY + MINUTE) == [("backup", utc(27, 3))]
            crank.clock.set(NOON + MINUTE)
            started = await run_until(crank, NOON + 5 * DAY)
            assert [slot for _, slot in started] == [utc(25, 3), utc(26, 3), utc(28, 3), utc(29, 3)]  # 27 had its job
            assert len(changes(crank)) == len(events(crank)) == 2

    asyncio.run(body())


@pytest.mark.parametrize("columns", [DAILY, HOURLY], ids=["daily", "hourly"])
def test_a_few_minutes_back_no_slot_is_run_again(tmp_path: Path, columns: dict[str, Any]) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            crank.clock.at = utc(25, 2, 30)
            await crank.tasks("task", **columns)
            await crank.turn()
            assert await run_until(crank, utc(25, 3, 5)) == [("task", utc(25, 3))]
            planned = (await crank.row("task")).next_due
            crank.clock.set(utc(25, 2, 55))
            assert await run_until(crank, utc(25, 3, 30)) == []
            assert (await crank.row("task")).next_due == planned

    asyncio.run(body())


def test_set_back_to_before_a_slot_that_had_its_job_days_ago_an_interval_does_not_pause(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("often", every_unit="secondly", every=3600)
            await run_until(crank, NOON + MINUTE)
            crank.clock.set(NOON + 2 * DAY + 30 * MINUTE)
            await run_until(crank, NOON + 2 * DAY + 40 * MINUTE)
            crank.clock.set(NOON - 10 * MINUTE)
            assert [slot for _, slot in await run_until(crank, NOON + HOUR)] == [NOON, NOON + HOUR]

    asyncio.run(body())


@pytest.mark.parametrize("again", [timedelta(), 5 * MINUTE], ids=["once", "twice"])
def test_in_time_that_is_lived_again_a_few_minutes_back_have_nothing_run_twice(
    tmp_path: Path, again: timedelta
) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("hourly", **HOURLY)
            await run_until(crank, NOON + 9 * HOUR)
            crank.clock.set(NOON - 10 * MINUTE)
            assert [slot for _, slot in await run_until(crank, NOON + 5 * MINUTE)] == [NOON]
            for back in (10 * MINUTE, again):
                if back:
                    crank.clock.set(crank.clock.at - back)
            assert [slot for _, slot in await run_until(crank, NOON + HOUR)] == [NOON + HOUR]

    asyncio.run(body())


def test_a_job_that_runs_while_the_clock_is_set_back_does_not_plan_from_the_old_time(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("backup", **DAILY)
            await crank.tasks("hourly", **HOURLY)
            await crank.turn()
            crank.clock.at = utc(25, 3)
            assert set(await crank.turn()) == {"backup", "hourly"}
            crank.clock.set(utc(22, 12, 30))
            await crank.turn()
            crank.end("backup")
            crank.end("hourly")
            await crank.turn()
            assert (await crank.row("backup")).next_due == utc(23, 3)
            assert (await crank.row("hourly")).next_due == utc(22, 13)
            started = await run_until(crank, utc(27))
            assert [slot for name, slot in started if name == "backup"] == [utc(23, 3), utc(24, 3), utc(26, 3)]

    asyncio.run(body())


def test_a_first_run_that_was_planned_for_now_does_not_wait_for_the_old_time(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("ran", every_unit="daily", every=1, start_date=date(2026, 1, 1))
            assert await crank.turn() == ["ran"]
            crank.end("ran")
            await crank.turn()
            crank.host.ready = False
            await crank.tasks("new", every_unit="weekly", every=1, start_date=date(2026, 1, 1))
            await crank.turn()
            crank.host.ready = True
            crank.clock.set(NOON - 30 * DAY)  # before the anchor of the one, and the plan of the other
            assert await crank.turn() == ["new"]
            assert (await crank.row("ran")).next_due == NOON - 29 * DAY
            crank.end("new")
            started = await run_until(crank, NOON - 22 * DAY)
            assert Counter(name for name, _ in started) == {"ran": 8, "new": 1}

    asyncio.run(body())


def test_a_schedule_that_ended_in_the_wrong_future_goes_on(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("last_days", end_date=date(2026, 11, 26), **DAILY)
            await crank.turn()
            crank.clock.set(NOON + 9 * DAY)
            assert await run_until(crank, NOON + 9 * DAY + MINUTE) == [("last_days", utc(26, 3))]
            assert (await crank.row("last_days")).next_due == NOTHING_TO_PLAN
            crank.clock.set(NOON + MINUTE)
            assert await run_until(crank, NOON + 9 * DAY) == [("last_days", utc(25, 3))]

    asyncio.run(body())


@pytest.mark.parametrize("seconds", [0.5, -0.5, 1.0, -1.0])
def test_small_steps_and_leap_seconds_are_no_event(tmp_path: Path, seconds: float) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("often", every_unit="secondly", every=10)
            await run_until(crank, NOON + MINUTE)
            crank.clock.set(crank.clock.at + timedelta(seconds=seconds))
            started = await run_until(crank, NOON + 2 * MINUTE)
            assert len(started) == 6 and len({slot for _, slot in started}) == 6
            assert (events(crank), changes(crank)) == ([], [])

    asyncio.run(body())


def test_after_an_hour_of_sleep_there_is_one_job_and_no_storm(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("often", every_unit="secondly", every=10)
            await run_until(crank, NOON)
            crank.clock.forward(seconds=4)
            crank.clock.sleep(hours=1)
            assert await run_until(crank, crank.clock.at) == [("often", NOON + HOUR)]
            missed = next(job for job in await crank.jobs() if job.state == "missed")
            assert shown(missed)[1:] == (NOON + timedelta(seconds=10), NOON + HOUR - timedelta(seconds=10), 359)
            assert missed.message.endswith(
                ": the machine slept; the slot of 24.11.2026 14:00:00 CET is run for all of them"
            )
            assert events(crank) == [(logging.INFO, "The machine slept for an hour, until 24.11.2026 14:00:04 CET")]
            assert changes(crank) == [{"from": "2026-11-24T13:00:04Z", "now": "2026-11-24T13:00:04Z", "slept": 3600}]

    asyncio.run(body())


def test_many_tasks_are_planned_anew_over_several_turns_and_others_run_meanwhile(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path, max_jobs=1) as crank:
            many = AT_ONCE * 2 + 1
            with sqlite3.connect(crank.file) as db:
                values = [(number, f"task {number}", number % 7 == 0) for number in range(many)]
                db.executemany(
                    "INSERT INTO linod_systemtask"
                    " (seqno, name, procedure, every_unit, start_date, start_time, disabled)"
                    " VALUES (?, ?, 'work', 'daily', '2026-01-01', '04:00:00', ?)",
                    values,
                )
            [asked] = await crank.tasks("asked")
            while (await crank.runner.run_pass(crank.clock.now())).more:
                pass
            crank.clock.set(NOON - 3 * DAY)
            counts = []
            for _ in range(3):
                await crank.turn()
                with sqlite3.connect(crank.file) as db:
                    found = db.execute("SELECT COUNT(*) FROM linod_systemtask WHERE next_due < '2026-11-23'").fetchone()
                counts.append(found[0])
                assert await crank.request(asked) is not None or counts[1:]
            enabled = [sum(number % 7 > 0 for number in range(end)) for end in (AT_ONCE, 2 * AT_ONCE, many)]
            assert counts == enabled
            assert not crank.runner._time.busy

    asyncio.run(body())


def test_set_back_while_linod_was_down(tmp_path: Path) -> None:
    async def first() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("backup", **DAILY)
            await crank.turn()
            assert await run_until(crank, NOON + DAY) == [("backup", utc(25, 3))]

    async def after(start: datetime, end: datetime) -> tuple[int, list[datetime | None]]:
        beginning = Crank(tmp_path)
        beginning.clock.at = start
        async with beginning as crank:
            crank.names.add("backup")
            await crank.tasks()
            await crank.runner.resume()
            started = await run_until(crank, end)
            return len(events(crank)), [slot for _, slot in started]

    asyncio.run(first())
    assert asyncio.run(after(NOON - 3 * DAY, NOON - 2 * DAY)) == (1, [utc(22, 3)])
    assert asyncio.run(after(NOON - 2 * DAY, NOON)) == (0, [utc(23, 3), utc(24, 3)])  # known already
    assert asyncio.run(after(NOON, NOON + 3 * DAY)) == (0, [utc(26, 3), utc(27, 3)])  # 25 had its job


def test_what_could_not_be_written_is_written_when_the_database_is_back(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("backup", **DAILY)
            await crank.turn()
            with crank.locked():
                crank.clock.set(NOON - 3 * DAY)
                await crank.turn()
                assert crank.runner.database.problem is not None
            await crank.turn()
            assert (await crank.row("backup")).next_due == utc(22, 3)
            assert len(changes(crank)) == len(events(crank)) == 1

    asyncio.run(body())


def test_another_zone_moves_what_the_wall_clock_decides_and_nothing_else(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("backup", **DAILY)
            await crank.tasks("hourly", **HOURLY)
            await crank.tasks("own", time_zone="Europe/Brussels", **DAILY)
            await crank.turn()
            crank.runner.site = crank.runner.site._replace(zone=ZoneInfo("America/Phoenix"))
            crank.runner.replan()
            await crank.turn()
            planned = {name: (await crank.row(name)).next_due for name in ("backup", "hourly", "own")}
            assert planned == {"backup": utc(25, 11), "hourly": utc(24, 13), "own": utc(25, 3)}
            assert events(crank) == []

    asyncio.run(body())
