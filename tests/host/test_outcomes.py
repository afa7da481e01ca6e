"""Each way a procedure can end is one true outcome, and the host goes on."""

import logging
from datetime import time
from pathlib import Path

import pytest

from linod.jobs import State
from linod.models import task_row
from linod.tasks import SYSTEM_TASK, Task
from tests.host.site import Site, make_site, playing

ENDS = """
    import ctypes, os, signal, sys
    from linod import background_task

    class Odd(Exception):
        def __init__(self, one, two):
            super().__init__()
            self.lock = open("/dev/null")
        def __str__(self):
            raise RuntimeError("no text")

    class Late(UserWarning):
        pass

    @background_task()
    def returns(ar): return 17
    @background_task()
    def warns(ar): raise Warning("3 vouchers have no partner")
    @background_task()
    def warns_specially(ar): raise Late("too late")
    @background_task()
    def warns_without_text(ar): raise Late
    @background_task()
    def fails(ar): raise ValueError("bad voucher 17")
    @background_task()
    def fails_oddly(ar): raise Odd(1, 2)
    @background_task()
    def fails_long(ar): raise ValueError("é" * 100_000)
    @background_task()
    def recurses(ar): recurses(ar)
    @background_task()
    def surrogate(ar): raise ValueError("a\\udcff\\0b")
    @background_task()
    def exits(ar): sys.exit()
    @background_task()
    def exits_0(ar): sys.exit(0)
    @background_task()
    def exits_3(ar): sys.exit(3)
    @background_task()
    def exits_256(ar): sys.exit(256)
    @background_task()
    def exits_text(ar): sys.exit("disk full")
    @background_task()
    def interrupted(ar): raise KeyboardInterrupt
    @background_task()
    def generator_exit(ar): raise GeneratorExit
    @background_task()
    def segfaults(ar): ctypes.string_at(0)
    @background_task()
    def os_exits(ar): os._exit(7)
    @background_task()
    def os_exits_0(ar): os._exit(0)
    @background_task()
    def killed(ar): os.kill(os.getpid(), signal.SIGKILL)
    @background_task()
    def terminated(ar): os.kill(os.getpid(), signal.SIGTERM)
    @background_task()
    def closes_and_returns(ar): os.closerange(0, 1000)
    @background_task()
    def closes_and_warns(ar):
        os.closerange(0, 1000)
        raise Warning("nobody hears this")
    @background_task()
    def closes_and_fails(ar):
        os.closerange(0, 1000)
        raise ValueError("nobody hears this")
    @background_task()
    def forks(ar):
        if os.fork() == 0:
            sys.exit(5)
        os.wait()
    @background_task()
    async def coroutine(ar):
        import asyncio
        await asyncio.wait_for(asyncio.Event().wait(), 0.001)
"""


@pytest.mark.parametrize(
    ("procedure", "state", "message"),
    [
        ("returns", State.SUCCEEDED, ""),
        ("warns", State.WARNED, "3 vouchers have no partner"),
        ("warns_specially", State.WARNED, "too late"),
        ("warns_without_text", State.WARNED, "Late"),
        ("fails", State.FAILED, "ValueError: bad voucher 17"),
        ("fails_oddly", State.FAILED, "Odd: <its text cannot be had: __str__ raised RuntimeError>"),
        ("recurses", State.FAILED, "RecursionError: maximum recursion depth exceeded"),
        ("surrogate", State.FAILED, "ValueError: a\\udcff\\x00b"),
        ("exits", State.SUCCEEDED, "called sys.exit()"),
        ("exits_0", State.SUCCEEDED, "called sys.exit(0)"),
        ("exits_3", State.FAILED, "called sys.exit(3)"),
        ("exits_256", State.FAILED, "called sys.exit(256)"),
        ("exits_text", State.FAILED, "called sys.exit: disk full"),
        ("interrupted", State.FAILED, "KeyboardInterrupt"),
        ("generator_exit", State.FAILED, "GeneratorExit"),
        ("segfaults", State.FAILED, "killed by signal SIGSEGV"),
        ("os_exits", State.FAILED, "ended without reporting an outcome (exit status 7)"),
        ("os_exits_0", State.FAILED, "ended without reporting an outcome (exit status 0)"),
        ("killed", State.FAILED, "killed by signal SIGKILL"),
        ("terminated", State.FAILED, "ended by SIGTERM"),
        ("closes_and_returns", State.SUCCEEDED, "succeeded, as its exit status tells"),
        ("closes_and_warns", State.WARNED, "warned, as its exit status tells"),
        ("closes_and_fails", State.FAILED, "failed, as its exit status tells"),
        ("forks", State.SUCCEEDED, ""),
        ("coroutine", State.FAILED, "TimeoutError"),
        ("unknown", State.FAILED, "LookupError: no plugin of this host has the procedure 'unknown'"),
    ],
)
def test_the_end_of_a_procedure(tmp_path: Path, procedure: str, state: State, message: str) -> None:
    async def play() -> None:
        async with make_site(tmp_path, ends=ENDS) as site:
            outcome = (await site.run(procedure)).outcome
            assert outcome.state is state
            assert outcome.message == message or (message and outcome.message.startswith(message))
            assert (await site.run("returns")).outcome.state is State.SUCCEEDED  # and the host goes on
            assert len(site.events.loads) == 1

    playing(play())


def test_an_exit_status_and_a_signal_are_kept(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, ends=ENDS) as site:
            exits = {name: (await site.run(name)).outcome for name in ("exits_3", "segfaults", "fails", "returns")}
            assert [outcome.exit_code for outcome in exits.values()] == [3, None, 1, 0]
            assert [outcome.exit_signal for outcome in exits.values()] == [None, 11, None, None]

    playing(play())


def test_a_traceback_begins_in_the_procedure(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, ends=ENDS) as site:
            traceback = (await site.run("fails")).outcome.traceback
            assert traceback.splitlines()[1].strip().startswith(f'File "{tmp_path}/ends.py", line')
            assert traceback.endswith("ValueError: bad voucher 17\n")

    playing(play())


def test_a_long_message_is_cut(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, ends=ENDS) as site:
            outcome = (await site.run("fails_long")).outcome
            assert outcome.message.startswith("ValueError: éé")
            assert len(outcome.message.encode()) <= 2048
            assert len(outcome.traceback.encode()) <= 64 * 1024

    playing(play())


def test_a_segmentation_fault_names_the_line(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, ends=ENDS) as site:
            seen = await site.run("segfaults")
            assert any("ends.py" in record.text and "segfaults" in record.text for record in seen.records)
            assert {record.level for record in seen.records} == {logging.WARNING}

    playing(play())


async def one_after_the_other(site: Site) -> None:
    pids = {(await site.run("returns")).pid for _ in range(5)}
    assert len(pids) == 5


def test_every_job_has_a_process_of_its_own(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, ends=ENDS) as site:
            await one_after_the_other(site)

    playing(play())


def test_what_a_procedure_gets(tmp_path: Path) -> None:
    shows = """
        from linod import background_task

        @background_task()
        def shows(ar):
            task = ar.task
            ar.info("%s of %s, task %s at %s", ar.job["id"], ar.user["username"], task.name, task.start_time)
            for done in range(1001):
                ar.progress(done, 1000)
    """

    row = Task(SYSTEM_TASK, 3, 1, "outbox", "shows", start_time=time(7, 30))

    async def play() -> None:
        async with make_site(tmp_path, shows=shows) as site:
            seen = await site.run("shows", task=task_row(row))
            assert seen.texts == ["1 of robin, task outbox at 07:30:00"]
            assert seen.progress[-1] == (1000, 1000)
            assert len(seen.progress) < 100  # held back: ten a second are enough for people

    playing(play())


def test_threads_and_exit_functions_of_a_procedure_are_awaited(tmp_path: Path) -> None:
    leaves = """
        import atexit, threading, time
        from concurrent.futures import ThreadPoolExecutor
        from linod import background_task

        atexit.register(print, "of the host")

        @background_task()
        def leaves(ar):
            go = threading.Event()
            def later():
                go.wait()
                ar.info("thread")
            threading.Thread(target=later).start()
            ThreadPoolExecutor().submit(ar.info, "pool").result()  # never shut down
            atexit.register(ar.info, "exit function")
            go.set()
    """

    async def play() -> None:
        async with make_site(tmp_path, leaves=leaves) as site:
            seen = await site.run("leaves")
            assert sorted(seen.texts) == ["exit function", "pool", "thread"]
        assert site.events.output == ["of the host"]  # once, at its end

    playing(play())


def test_the_functions_of_at_job_start(tmp_path: Path) -> None:
    hooks = """
        import logging
        from linod import at_job_start, background_task

        @at_job_start
        def reconnect():
            logging.getLogger("db").info("closed inherited connections")

        @background_task()
        def works(ar):
            ar.info("runs")
    """
    broken = hooks.replace(
        'logging.getLogger("db").info("closed inherited connections")', "raise Warning('no database')"
    )

    async def play() -> None:
        async with make_site(tmp_path / "a", hooks=hooks) as site:
            assert (await site.run("works")).texts == ["closed inherited connections", "runs"]
        async with make_site(tmp_path / "b", hooks=broken) as site:
            seen = await site.run("works")
            assert seen.outcome.state is State.FAILED
            assert seen.outcome.message == "at_job_start hooks.reconnect failed: Warning: no database"
            assert "hooks.py" in seen.outcome.traceback
            assert seen.texts == []

    playing(play())
