"""A year of downtime: what is late is caught up with, and what falls due now does not wait for it."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from linod.jobs import State
from linod.runner import Absence
from linod.runner.turn import PLANNED_AT_ONCE
from tests.runner.crank import NOON, Crank


def add_late(file: Path, count: int, procedure: str = "late") -> None:
    """Daily tasks whose slots passed a year ago."""
    values = f"n, '{procedure} ' || n, '{procedure}', 'daily', '04:00:00', '{_stored(days=365)}', '{_stored(days=366)}'"
    columns = "seqno, name, procedure, every_unit, start_time, next_due, anchor"
    numbers = f"WITH RECURSIVE c(n) AS (SELECT 100 UNION ALL SELECT n + 1 FROM c WHERE n < {99 + count})"
    with closing(sqlite3.connect(file)) as other:
        other.execute(f"{numbers} INSERT INTO linod_systemtask ({columns}) SELECT {values} FROM c")
        other.commit()


def _stored(**ago: float) -> str:
    return (NOON - timedelta(**ago)).replace(tzinfo=None).isoformat(" ", "microseconds")


@pytest.mark.parametrize("max_jobs", [1, 2, 4])
def test_what_falls_due_now_takes_turns_with_a_year_of_late_work(tmp_path: Path, max_jobs: int) -> None:
    async def body() -> None:
        async with Crank(tmp_path, max_jobs=max_jobs) as crank:
            await crank.tasks("late")
            await crank.tasks("each_second", every_unit="secondly", every=1)
            add_late(crank.file, 500)
            started: list[str] = []
            for _ in range(20):
                crank.clock.forward(seconds=1)
                crank.runner.poke()
                for name in await crank.turn():
                    started.append(name)
                    crank.end(name)
            assert len(started) >= 20 * max_jobs - 1
            fresh = started.count("each_second")
            assert fresh >= (20 if max_jobs > 1 else 10) - 1  # each second; with one job slot each other second
            assert len(started) - fresh >= 9

    asyncio.run(body())


def test_catching_up_costs_one_job_a_task_and_no_turn_is_idle(tmp_path: Path) -> None:
    """linod was down for the year: each task gets one job, for its last slot, and one row for those before."""

    async def body() -> None:
        async with Crank(tmp_path, max_jobs=4) as crank:
            await crank.tasks("late")
            add_late(crank.file, 40)
            crank.runner.site = crank.runner.site._replace(absence=Absence(NOON, "linod was down"))
            turns = []
            while names := await crank.turn():
                turns.append(len(names))
                for name in names:
                    crank.end(name)
            assert turns == [4] * 10
            jobs = [job for job in await crank.jobs() if job.state is not State.MISSED]
            assert len(jobs) == len({job.task_id for job in jobs}) == 40

    asyncio.run(body())


def test_a_million_rows_to_be_planned_hold_nothing_up(tmp_path: Path) -> None:
    """Fewer here: each turn plans some of those that an application inserted, and claims what is due or requested."""

    async def body() -> None:
        async with Crank(tmp_path) as crank:
            (asked,) = await crank.tasks("asked")
            await crank.tasks("due", every_unit="daily", every=1)
            add_late(crank.file, 5 * PLANNED_AT_ONCE)
            with closing(sqlite3.connect(crank.file)) as other:
                other.execute("UPDATE linod_systemtask SET next_due = NULL WHERE procedure = 'late'")
                other.commit()
            await crank.request(asked)
            assert await crank.turn() == ["due"]
            crank.end("due")
            turns = 1
            while (await crank.runner.run_pass(crank.clock.now())).more:
                turns += 1
            assert turns == 5
            assert await crank.db.run(crank.store.unplanned, 1) == []

    asyncio.run(body())
