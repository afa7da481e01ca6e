"""The daemon's own work on the ledger: which tasks it looks at, and when."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from linod.jobs import State
from linod.policies import Policy
from linod.runner import retention
from linod.runner.retention import Retention
from linod.tasks import Task, TaskKey
from tests.process.site import DEADLINE
from tests.runner.crank import Crank
from tests.store.test_retention import Rows


class Trimmed:
    """A crank, and the work on its ledger, of which a test makes each batch."""

    def __init__(self, crank: Crank, policy: Policy) -> None:
        self.policy = policy
        self.rows = Rows(crank.file)
        self.crank = crank
        self.work = Retention(crank.store, crank.db, crank.clock, lambda: self.policy, asyncio.Event())

    async def task(self, name: str, jobs: int) -> Task:
        (task,) = await self.crank.tasks(name)
        self.more(task, jobs)
        return task

    def more(self, task: Task, jobs: int) -> None:
        begin = self.crank.clock.now() - timedelta(days=1)
        self.rows.jobs(task.key, jobs, begin=begin, step=timedelta(seconds=1))

    async def round(self) -> int:
        """Returns how many batches it took."""
        self.work.begin_round()
        batches = 1
        while await self.work.batch():
            batches += 1
        return batches

    @property
    def left(self) -> int:
        return len(self.rows.left())


def test_what_an_earlier_daemon_left_is_removed_in_batches(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            trimmed = Trimmed(crank, Policy(keep_jobs=20))
            for number in range(60):
                await trimmed.task(f"task_{number}", 30)

            assert await trimmed.round() > 600 // retention.MOST
            assert trimmed.left == 60 * 20

    asyncio.run(body())


def test_a_round_looks_at_the_tasks_that_had_a_job(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            trimmed = Trimmed(crank, Policy(keep_jobs=20))
            active, idle = await trimmed.task("active", 20), await trimmed.task("idle", 20)
            await trimmed.round()
            for task in (active, idle):
                trimmed.more(task, 5)

            trimmed.work.ended(active.key)
            await trimmed.round()
            assert trimmed.left == 20 + 25

            trimmed.work.trim(None)  # the settings have changed
            await trimmed.round()
            assert trimmed.left == 40
            trimmed.policy = Policy(keep_jobs=30)
            trimmed.more(active, 30)
            trimmed.work.trim(active.key)
            await trimmed.round()
            assert trimmed.left == 30 + 20

    asyncio.run(body())


def test_there_is_no_round_while_no_job_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ROUND", 0.0)
    monkeypatch.setattr(retention, "BUSY", 0.0)

    async def body() -> None:
        async with Crank(tmp_path) as crank:
            trimmed = Trimmed(crank, Policy(keep_jobs=20))
            task = await trimmed.task("busy", 30)
            batches, batch = [0], trimmed.work.batch

            async def counted() -> bool:
                batches[0] += 1
                return await batch()

            async def until_trimmed() -> int:
                async with asyncio.timeout(DEADLINE):
                    while trimmed.left > 20 or trimmed.work.pending:
                        await crank.db.run(bool)
                return batches[0]

            monkeypatch.setattr(trimmed.work, "batch", counted)
            working = asyncio.ensure_future(trimmed.work.run())
            swept = await until_trimmed()
            until = asyncio.get_running_loop().time() + 5 * retention.PAUSE  # several rounds, if there were any
            while asyncio.get_running_loop().time() < until:
                await crank.db.run(bool)
            assert batches[0] == swept
            trimmed.more(task, 5)
            trimmed.work.ended(task.key)
            assert await until_trimmed() > swept
            working.cancel()

    asyncio.run(body())


def test_more_tasks_than_are_remembered_are_all_looked_at(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            trimmed = Trimmed(crank, Policy(keep_jobs=20))
            await trimmed.round()
            await trimmed.task("active", 50)
            for number in range(retention.REMEMBERED + 1):
                trimmed.work.ended(TaskKey("a.Task", number))
            await trimmed.round()
            assert trimmed.left == 20

    asyncio.run(body())


def test_a_batch_that_took_long_makes_the_next_one_smaller(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            trimmed = Trimmed(crank, Policy(keep_jobs=20))
            await trimmed.task("active", 1000)
            slow = crank.store.trim

            def trim(*given: object) -> int:
                crank.clock.forward(seconds=1)
                return slow(*given)  # type: ignore[arg-type]

            crank.store.trim = trim  # type: ignore[method-assign,assignment]
            sizes = []
            for _ in range(12):
                before = trimmed.left
                await trimmed.work.batch()
                sizes.append(before - trimmed.left)
            assert sizes[:9] == [200, 100, 50, 25, 12, 6, 3, 1, 1]

    asyncio.run(body())


def test_the_runner_removes_while_it_runs(tmp_path: Path) -> None:
    """The whole loop: a job ends, and what is beyond the number goes as soon as somebody asks."""

    async def body() -> None:
        async with Crank(tmp_path) as crank:
            (task,) = await crank.tasks("active")
            rows = Rows(crank.file)
            rows.jobs(task.key, 50, begin=crank.clock.now() - timedelta(days=1), step=timedelta(seconds=1))
            crank.settings = crank.settings._replace(defaults={"keep_jobs": 20})
            crank.runner.settings = crank.settings
            loop = asyncio.ensure_future(crank.runner.run(lambda: None))
            job = await crank.request(task)
            assert job is not None
            crank.end("active", State.SUCCEEDED)

            async with asyncio.timeout(10):
                while crank.supervisor.book.jobs:
                    await asyncio.sleep(0.01)
                crank.runner.trim(task.key)
                while len(rows.left()) != 20:
                    await asyncio.sleep(0.01)
            assert rows.left()[-1] == job.id
            crank.runner.stop()
            await loop

    asyncio.run(body())
