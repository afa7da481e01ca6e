"""The database thread: prompt, in order, and drained at its close."""

import asyncio
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from linod.errors import DatabaseAway
from linod.store import Store
from linod.store.thread import DatabaseThread
from tests.store.moments import add


@pytest.fixture
def db() -> Iterator[DatabaseThread]:
    thread = DatabaseThread()
    thread.start()
    yield thread
    thread.close()


def test_calls_run_in_one_other_thread_in_order(db: DatabaseThread) -> None:
    seen: list[tuple[int, str]] = []

    async def calls() -> list[None]:
        return list(
            await asyncio.gather(
                *(db.run(lambda n: seen.append((n, threading.current_thread().name)), n) for n in range(50))
            )
        )

    asyncio.run(calls())
    assert seen == [(number, "linod-database") for number in range(50)]


def test_the_thread_takes_no_signal_but_its_own_faults(db: DatabaseThread) -> None:
    blocked = asyncio.run(db.run(signal.pthread_sigmask, signal.SIG_BLOCK, []))
    assert {signal.SIGABRT, signal.SIGTERM, signal.SIGINT, signal.SIGHUP} <= blocked
    assert signal.SIGSEGV not in blocked


def test_a_store_can_live_in_the_thread(db: DatabaseThread, url: str) -> None:
    async def work() -> int:
        store = Store(url)
        await db.run(store.open)
        task = await db.run(add, store)
        await db.run(store.close)
        return task.id

    assert asyncio.run(work()) == 1


@pytest.mark.parametrize("error", [KeyError("k"), SystemExit(3), KeyboardInterrupt(), StopIteration()])
def test_what_a_call_raises_is_raised_to_its_caller_and_the_thread_serves_on(
    db: DatabaseThread, error: BaseException
) -> None:
    def fail() -> None:
        raise error

    async def calls() -> tuple[BaseException | None, int]:
        caught: BaseException | None = None
        try:
            await db.run(fail)
        except BaseException as raised:
            caught = raised
        return caught, await db.run(lambda: 42)

    caught, after = asyncio.run(calls())
    assert caught is not None
    assert type(caught) in (type(error), RuntimeError)  # a future refuses StopIteration
    assert after == 42


def test_a_cancelled_caller_does_not_stop_its_call(db: DatabaseThread) -> None:
    entered, leave, done = threading.Event(), threading.Event(), threading.Event()

    def call() -> None:
        entered.set()
        leave.wait(10)
        done.set()

    async def cancel() -> int:
        waiting = asyncio.ensure_future(db.run(call))
        while not entered.is_set():
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        leave.set()
        return await db.run(lambda: 1)

    assert asyncio.run(cancel()) == 1
    assert done.is_set()


def test_closing_drains_what_was_asked_for_and_refuses_the_rest(db: DatabaseThread) -> None:
    seen: list[int] = []

    async def close_early() -> list[object]:
        asked = [asyncio.ensure_future(db.run(seen.append, number)) for number in range(100)]
        await asyncio.sleep(0)  # each has been handed over
        assert db.close(10)
        with pytest.raises(DatabaseAway, match="stopping"):
            await db.run(seen.append, 999)
        return list(await asyncio.gather(*asked))

    assert asyncio.run(close_early()) == [None] * 100
    assert seen == list(range(100))
    assert db.close()


def test_closing_may_be_limited_in_time() -> None:
    db = DatabaseThread()
    assert db.close()  # it was never started
    db = DatabaseThread()
    db.start()
    leave = threading.Event()

    async def hang() -> bool:
        waiting = asyncio.ensure_future(db.run(leave.wait, 10))
        await asyncio.sleep(0)
        ended = db.close(0.05)
        leave.set()
        await waiting
        return ended

    assert asyncio.run(hang()) is False
    assert db.close(10)


def test_a_loop_that_is_closed_meanwhile_does_not_end_the_thread(db: DatabaseThread) -> None:
    leave = threading.Event()

    async def leave_at_once() -> None:
        waiting = asyncio.ensure_future(db.run(leave.wait, 10))
        await asyncio.sleep(0)
        waiting.cancel()

    asyncio.run(leave_at_once())
    leave.set()

    async def ask() -> int:
        return await db.run(lambda: 1)

    assert asyncio.run(ask()) == 1


def test_the_hand_over_is_prompt(db: DatabaseThread) -> None:
    """A round trip is a few context switches: 0.05-0.1 ms here; the bound leaves room for a busy machine."""

    async def measure() -> float:
        times = []
        for _ in range(500):
            before = time.perf_counter()
            await db.run(int)
            times.append(time.perf_counter() - before)
        return sorted(times)[250]

    assert asyncio.run(measure()) < 0.005
