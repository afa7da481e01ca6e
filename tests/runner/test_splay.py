"""Splay in a running site: a row's slots are later than its schedule says, and a reload plans anew."""

import asyncio
from datetime import time, timedelta
from pathlib import Path
from typing import Any

from linod.policies import Policy
from tests.runner.crank import NOON, Crank

DAILY: Any = {"every_unit": "daily", "every": 1, "start_time": time(14)}
TWO = NOON + timedelta(hours=1)
"""14:00 in Brussels."""


def test_the_sites_splay_holds_for_a_task_that_has_none_and_a_reload_plans_anew(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("usual", **DAILY)
            await crank.tasks("exact", splay=0, **DAILY)
            await crank.turn()
            assert (await crank.row("usual")).next_due == TWO
            crank.runner.site = crank.runner.site._replace(policy=Policy(splay=3600))
            crank.runner.replan()
            await crank.turn()
            due = (await crank.row("usual")).next_due
            assert due is not None and TWO < due < TWO + timedelta(hours=1)
            assert (await crank.row("exact")).next_due == TWO
            crank.clock.at = due
            crank.runner.poke()
            assert await crank.turn() == ["exact", "usual"]
            usual = next(job for job in await crank.jobs() if job.task_name == "usual")
            assert usual.slot == due
            crank.end("usual")
            await crank.turn()
            task = await crank.row("usual")
            assert task.next_due == due + timedelta(days=1)
            assert task.anchor == TWO

    asyncio.run(body())


def test_setting_the_splay_of_a_task_plans_it_anew(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path) as crank:
            (task,) = await crank.tasks("usual", **DAILY)
            await crank.turn()
            await crank.db.run(crank.store.set_columns, task.key, {"splay": "1h"})
            await crank.turn()
            due = (await crank.row("usual")).next_due
            assert due is not None and due > TWO

    asyncio.run(body())
