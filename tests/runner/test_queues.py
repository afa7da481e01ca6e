"""Which of the tasks that are due run first, and how many of a queue at once."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

from linod.policies import Policy
from tests.runner.crank import NOON, Crank

HOURLY: Any = {"every_unit": "hourly", "every": 1}


def test_a_higher_priority_goes_first_whenever_it_fell_due(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path, max_jobs=1) as crank:
            crank.host.ready = False
            await crank.tasks("low", priority=-1, **HOURLY)
            await crank.tasks("usual", "other", **HOURLY)
            await crank.turn()
            crank.clock.forward(minutes=5)
            await crank.tasks("high", priority=7, **HOURLY)
            await crank.turn()
            crank.host.ready = True
            for name in ("high", "usual", "other", "low"):
                crank.runner.poke()
                assert await crank.turn() == [name]
                crank.end(name)

    asyncio.run(body())


def test_the_sites_priority_is_that_of_a_task_that_has_none(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path, max_jobs=1) as crank:
            crank.runner.site = crank.runner.site._replace(policy=Policy(priority=5))
            await crank.tasks("three", priority=3, **HOURLY)
            await crank.tasks("five", **HOURLY)
            await crank.tasks("six", priority=6, **HOURLY)
            for name in ("six", "five", "three"):
                crank.runner.poke()
                assert await crank.turn() == [name]
                crank.end(name)

    asyncio.run(body())


def test_a_request_goes_before_every_priority(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path, max_jobs=1) as crank:
            crank.host.ready = False
            await crank.tasks("high", priority=7, **HOURLY)
            (asked,) = await crank.tasks("asked", every_unit="never", priority=-9)
            await crank.turn()
            await crank.request(asked)
            crank.host.ready = True
            assert await crank.turn() == ["asked"]

    asyncio.run(body())


def limited(crank: Crank, **queues: int) -> None:
    crank.runner.site = crank.runner.site._replace(queues=queues)


def test_of_a_queue_no_more_run_at_once_than_the_settings_say(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path, max_jobs=4) as crank:
            limited(crank, mail=1)
            names = [f"mail {number}" for number in range(20)]
            await crank.tasks(*names, queue="mail", **HOURLY)
            await crank.tasks("a", "b", **HOURLY)
            started = await crank.turn()
            assert sorted(started) == ["a", "b", "mail 0"]
            assert await crank.turn() == []
            assert (await crank.runner.run_pass(crank.clock.now())).next_due is None  # only an end helps
            for name in ("a", "b"):
                crank.end(name)
            assert await crank.turn() == []
            crank.end("mail 0")
            assert await crank.turn() == ["mail 1"]

    asyncio.run(body())


def test_a_full_queue_lets_the_next_slot_of_others_wake_the_loop(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path, max_jobs=4) as crank:
            limited(crank, mail=1)
            await crank.tasks("mail 0", "mail 1", queue="mail", **HOURLY)
            await crank.tasks("a", **HOURLY)
            await crank.turn()
            crank.end("a")
            turn = await crank.runner.run_pass(crank.clock.now())
            assert (turn.claimed, turn.next_due) == ((), NOON + timedelta(hours=1))

    asyncio.run(body())


def test_requests_wait_for_room_in_their_queue_and_hide_no_others(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path, max_jobs=3) as crank:
            limited(crank, mail=1)
            mails = await crank.tasks(*(f"mail {number}" for number in range(5)), queue="mail", every_unit="never")
            (other,) = await crank.tasks("other", every_unit="never")
            assert await crank.request(mails[0]) is not None
            for mail in mails[1:]:
                assert await crank.request(mail) is None
            crank.host.ready = False
            assert await crank.request(other) is None
            crank.host.ready = True
            assert await crank.turn() == ["other"]
            crank.end("mail 0")
            assert await crank.turn() == ["mail 1"]

    asyncio.run(body())


def test_a_task_without_a_queue_is_in_that_of_the_settings(tmp_path: Path) -> None:
    async def body() -> None:
        async with Crank(tmp_path, max_jobs=3) as crank:
            crank.runner.site = crank.runner.site._replace(policy=Policy(queue="all"), queues={"all": 1})
            await crank.tasks("a", "b", **HOURLY)
            await crank.tasks("c", queue="unknown", **HOURLY)
            assert sorted(await crank.turn()) == ["a", "c"]
            assert await crank.turn() == []

    asyncio.run(body())
