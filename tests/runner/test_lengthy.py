"""The warning about a job that runs much longer than it used to."""

import asyncio
from pathlib import Path

from linod.jobs import Outcome, State
from linod.journal import Event
from linod.runner.lengthy import Lengthy
from tests.runner.crank import Crank


async def ran(crank: Crank, name: str, *minutes: float) -> None:
    """Jobs of a task, one after the other, that took so long."""
    for length in minutes:
        await begin(crank, name)
        (job_id,) = crank.supervisor.book.jobs
        crank.supervisor.job_started(job_id, 4711, 99)
        crank.clock.forward(minutes=length)
        crank.supervisor.job_ended(job_id, Outcome(State.SUCCEEDED), 0)
        await crank.turn()
        crank.clock.forward(minutes=1)


async def begin(crank: Crank, name: str) -> None:
    await crank.request(await crank.row(name))
    assert await crank.turn() in ([name], [])  # it began with the request


def lengthy(crank: Crank) -> Lengthy:
    return Lengthy(crank.supervisor, crank.store, crank.db, crank.journal, crank.clock, "linod-ctl")


async def look(crank: Crank, warner: Lengthy, **later: float) -> list[str]:
    """The warnings that there are when so much time has gone by."""
    crank.clock.forward(**later)
    warner.look()
    await asyncio.gather(*(task for task in asyncio.all_tasks() if task is not asyncio.current_task()))
    crank.journal.drain()
    return [entry.text for entry in crank.lines.entries if entry.event is Event.JOB_LONG]


def test_one_warning_with_both_figures_after_ten_times_the_usual(tmp_path: Path) -> None:
    async def play() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("nightly")
            await ran(crank, "nightly", 1, 20, 20, 90)
            warner = lengthy(crank)
            await begin(crank, "nightly")
            assert await look(crank, warner, minutes=199) == []
            expected = "System task #1 (nightly) has been running for 3h 20min (job 5); it usually takes 20min"
            (text,) = await look(crank, warner, minutes=1)
            assert text.splitlines()[0] == expected
            assert "linod-ctl kill --job 5" in text
            assert len(await look(crank, warner, days=1)) == 1

    asyncio.run(play())


def test_nobody_is_warned_within_two_hours_nor_of_what_never_succeeded(tmp_path: Path) -> None:
    async def play() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("quick", "first")
            await ran(crank, "quick", 0.1)
            warner = lengthy(crank)
            await begin(crank, "quick")
            await begin(crank, "first")
            assert await look(crank, warner, minutes=119) == []
            (text,) = await look(crank, warner, minutes=1)
            assert "(quick) has been running for 2h (job 2); it usually takes 6s" in text
            assert len(await look(crank, warner, days=7)) == 1

    asyncio.run(play())


def test_the_ledger_is_asked_once_for_each_job_and_not_before_it_is_long(tmp_path: Path) -> None:
    async def play() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("nightly")
            await ran(crank, "nightly", 300)
            asked: list[object] = []
            lasted = crank.store.lasted
            crank.store.lasted = lambda *of: asked.append(of) or lasted(*of)  # type: ignore[method-assign,func-returns-value]
            warner = lengthy(crank)
            await begin(crank, "nightly")
            for _ in range(10):
                await look(crank, warner, minutes=11)
            assert asked == []
            for _ in range(10):
                await look(crank, warner, minutes=11)
            assert len(asked) == 1
            crank.end("nightly")
            assert await look(crank, warner, days=30) == []  # it has ended

    asyncio.run(play())
