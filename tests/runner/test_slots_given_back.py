"""A job whose procedure is over has no job slot any more; its end is noted when its process is gone."""

import asyncio
from pathlib import Path

from linod.jobs import State
from tests.runner.crank import Crank


async def asked(crank: Crank, *names: str) -> list[str]:
    """Request tasks that do not exist yet; what the next pass starts."""
    for task in await crank.tasks(*names):
        await crank.db.run(crank.store.request, task.key, "robin", crank.clock.now())
    crank.runner.poke()
    return await crank.turn()


def test_the_next_job_starts_before_the_end_of_the_last_is_noted(tmp_path: Path) -> None:
    async def check() -> None:
        async with Crank(tmp_path, max_jobs=1) as crank:
            assert await asked(crank, "a", "b") == ["a"]
            first = crank.host.orders[0].job_id
            assert await crank.turn() == []
            crank.supervisor.job_reported(first)
            assert await crank.turn() == ["b"]
            assert {job.task_name: job.state for job in await crank.jobs()} == {"a": State.CLAIMED, "b": State.CLAIMED}
            crank.end("a")
            assert await crank.turn() == []
            assert {job.task_name: job.state for job in await crank.jobs()} == {
                "a": State.SUCCEEDED,
                "b": State.CLAIMED,
            }

    asyncio.run(check())


def test_a_task_never_runs_twice_at_a_time(tmp_path: Path) -> None:
    async def check() -> None:
        async with Crank(tmp_path, max_jobs=1) as crank:
            assert await asked(crank, "a") == ["a"]
            job = crank.host.orders[0].job_id
            await crank.db.run(crank.store.request, (await crank.row("a")).key, "robin", crank.clock.now())
            crank.supervisor.job_reported(job)
            assert await crank.turn() == []
            crank.end("a")
            assert await crank.turn() == ["a"]

    asyncio.run(check())


def test_processes_that_do_not_exit_are_at_most_as_many_as_job_slots(tmp_path: Path) -> None:
    async def check() -> None:
        async with Crank(tmp_path, max_jobs=2) as crank:
            assert await asked(crank, *"abcdefg") == ["a", "b"]
            for expected in (["c", "d"], []):
                for order in crank.host.orders[-2:]:
                    crank.supervisor.job_reported(order.job_id)
                assert await crank.turn() == expected
            crank.end("a")
            assert await crank.turn() == ["e"]
            for name in "bcd":
                crank.end(name)
            assert await crank.turn() == ["f"]
            crank.end("e")
            assert await crank.turn() == ["g"]

    asyncio.run(check())
