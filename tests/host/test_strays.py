"""What jobs leave behind, where there are no control groups: killed all the same, and nobody else's processes are."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from linod.jobs import State
from tests.host.site import PATIENCE, Site, alive, gone, make_site, playing

FAMILIES = """
    import os, signal, subprocess, sys, time
    from linod import background_task

    def note(pid):
        with open(os.environ["PIDS"], "a") as file:
            file.write(f"{pid}\\n")

    def deaf():
        signal.pthread_sigmask(signal.SIG_BLOCK, set(range(1, 32)))
        note(os.getpid())
        while True:
            time.sleep(60)

    def daemon(depth=3):
        '''As the books have it: sessions of their own, parents that have ended, nothing open.'''
        if os.fork():
            return
        os.setsid()
        for _ in range(depth):
            if os.fork():
                os._exit(0)
            os.setsid()
        os.closerange(0, 100)
        deaf()

    def until(count):
        while not os.path.exists(os.environ["PIDS"]) or len(open(os.environ["PIDS"]).readlines()) < count:
            time.sleep(0.01)

    @background_task()
    def leaves(ar):
        daemon()
        until(1)

    @background_task()
    def leaves_crashing(ar):
        daemon()
        until(1)
        os.kill(os.getpid(), signal.SIGSEGV)

    @background_task()
    def keeps(ar):
        daemon()
        until(1)
        ar.info("ready")
        time.sleep(600)

    @background_task()
    def crowd(ar):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for number in range(500):
            if not os.fork():
                if number % 2:
                    os.setsid()
                if number % 10 == 0:
                    daemon(1)
                deaf()
        until(550)
        ar.info("ready")
        time.sleep(600)

    @background_task()
    def breeds(ar):
        '''What it leaves goes on to fork; each parent ends, and each is in a session of its own.'''
        if not os.fork():
            os.closerange(0, 100)
            note(os.getpid())
            for _ in range(100_000):
                if os.fork():
                    os._exit(0)
                os.setsid()
        until(1)

    @background_task()
    def finishes(ar):
        '''Its children end before it, and nobody waits for them.'''
        for _ in range(20):
            if not os.fork():
                if not os.fork():
                    time.sleep(0.01)
                os._exit(0)

    @background_task()
    def short(ar):
        pass
"""


CHAIN = """
import os, signal
from linod.host import strays

def chain(depth):
    signal.alarm(10)  # for a stray that is forgotten
    os.setsid()
    if depth and not os.fork():
        chain(depth - 1)
    os.write(ready, b".")
    signal.pause()

def ends_when_looked_at(pid, getsid=os.getsid):
    session = getsid(pid)
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    return session

mine = strays.Strays(lambda: ())
told, ready = os.pipe()
if not (job := os.fork()):
    if not os.fork():
        chain(4)
    os._exit(0)
os.waitpid(job, 0)
heard = b""
while len(heard) < 5:
    heard += os.read(told, 5)
os.getsid = ends_when_looked_at
assert strays.StrayWatch(mine).empty()
try:
    os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG)
except ChildProcessError:
    print("no children")
"""

MANY = """
import os, signal
from linod.host import strays

mine = strays.Strays(lambda: ())
told, ready = os.pipe()
for _ in range(900):
    if not os.fork():
        os.setsid()
        os.write(ready, b".")
        signal.alarm(20)
        signal.pause()
heard = 0
while heard < 900:
    heard += len(os.read(told, 900))
print(mine.kill())
"""


def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, helper: str = "") -> Site:
    monkeypatch.setenv("PIDS", str(tmp_path / "pids"))
    return make_site(tmp_path, families=FAMILIES, helper=helper)


def noted(tmp_path: Path) -> list[int]:
    return [int(line) for line in (tmp_path / "pids").read_text().split()]


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize(("name", "state"), [("leaves", State.SUCCEEDED), ("leaves_crashing", State.FAILED)])
def test_a_daemon_that_a_job_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, state: State) -> None:
    async def play() -> None:
        async with make(tmp_path, monkeypatch) as site:
            seen = await site.run(name)
            assert seen.outcome.state is state
            assert [alive(pid) for pid in noted(tmp_path)] == [False]
            told = "1 process that the job had left behind was killed" in seen.texts
            assert told == (name == "leaves")  # of one that crashed nobody asks what else it did not do

    playing(play())


@pytest.mark.parametrize("name", ["keeps", "crowd"])
def test_the_whole_family_of_a_job_that_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    async def play() -> None:
        async with make(tmp_path, monkeypatch) as site:
            job = site.begin(name)
            await site.said(job, "ready")
            site.client.end_job(job, State.CANCELLED, "enough", 0.1)
            assert (await site.run("short")).outcome.state is State.SUCCEEDED
            assert (await site.end_of(job)).outcome.state is State.CANCELLED
            pids = noted(tmp_path)
            assert len(pids) == (1 if name == "keeps" else 550)
            assert not any(alive(pid) for pid in pids)
            assert len(children(site.loaded.pid)) <= 1  # its spare: all were reaped

    playing(play())


def test_a_family_that_breeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        async with make(tmp_path, monkeypatch) as site:
            assert (await site.run("breeds")).outcome.state is State.SUCCEEDED
            async with asyncio.timeout(PATIENCE):
                while len(children(site.loaded.pid)) > 1:
                    assert (await site.run("short")).outcome.state is State.SUCCEEDED

    playing(play())


def test_one_that_ends_while_it_is_looked_at_leaves_another() -> None:
    assert subprocess.run([sys.executable, "-c", CHAIN], capture_output=True, text=True).stdout == "no children\n"


def test_more_of_them_than_a_page_of_proc_lists() -> None:
    """A read of /proc/PID/task/PID/children returns 4096 bytes at most: 682 children."""
    assert subprocess.run([sys.executable, "-c", MANY], capture_output=True, text=True).stdout == "900\n"


def test_a_host_that_is_told_to_end_takes_all_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        async with make(tmp_path, monkeypatch) as site:
            await site.said(site.begin("crowd"), "ready")
        pids = noted(tmp_path)
        assert len(pids) == 550
        assert not any(alive(pid) for pid in pids)

    playing(play())


def test_what_ended_by_itself_is_reaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        async with make(tmp_path, monkeypatch) as site:
            for _ in range(3):
                await site.run("finishes")
            await site.run("short")
            assert len(children(site.loaded.pid)) <= 1

    playing(play())


def test_the_processes_of_a_plugin_in_the_host_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that it started while it was imported, in a session of its own, and one that its thread starts later."""
    helper = """
        import os, subprocess, threading, time

        first = subprocess.Popen(["sleep", "600"], start_new_session=True)

        def later():
            while not os.path.exists(os.environ["PIDS"]):
                time.sleep(0.01)
            second = subprocess.Popen(["sleep", "600"])
            with open(os.environ["PIDS"] + ".helpers", "w") as file:
                file.write(f"{first.pid} {second.pid}\\n")
            second.wait()

        threading.Thread(target=later, daemon=True).start()
    """

    async def play() -> None:
        async with make(tmp_path, monkeypatch, helper=helper) as site:
            await site.run("leaves")
            async with asyncio.timeout(PATIENCE):
                while not (file := tmp_path / "pids.helpers").exists() or not file.read_text().endswith("\n"):
                    await site.run("short")
            helpers = [int(word) for word in file.read_text().split()]
            await site.run("short")
            assert [alive(pid) for pid in helpers] == [True, True]
        for pid in helpers:
            os.kill(pid, signal.SIGKILL)
            await gone(pid)

    playing(play())
