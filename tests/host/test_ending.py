"""Ending a job from outside: a signal it can clean up on, a grace, its whole process group."""

import os
import signal
import sys
from pathlib import Path

import pytest

from linod.jobs import State
from linod.settings import HostSettings
from tests.host.site import alive, gone, make_site, playing

WAITS = """
    import asyncio, atexit, os, signal, subprocess, sys, threading, time
    from linod import background_task
    from linod.host.child import JobTerminated

    def forever(ar):
        ar.info("waiting")
        while True:
            time.sleep(60)

    @background_task()
    def waits(ar):
        try:
            forever(ar)
        finally:
            ar.info("cleaned up")

    @background_task()
    def swallows(ar):
        try:
            forever(ar)
        except JobTerminated:
            ar.info("told")

    @background_task()
    def deaf(ar):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        forever(ar)

    @background_task()
    def fails_in_cleanup(ar):
        try:
            forever(ar)
        finally:
            raise ValueError("the file is gone")

    @background_task()
    def as_others_do(ar):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        forever(ar)

    @background_task()
    def leaves_with_7(ar):
        signal.signal(signal.SIGTERM, lambda number, frame: os._exit(7))
        forever(ar)

    @background_task()
    def crashes_when_told(ar):
        forever(ar)

    @background_task()
    def waits_for_thread(ar):
        threading.Thread(target=time.sleep, args=(600,)).start()
        threading.Thread(target=says_when_over, args=(ar, threading.current_thread())).start()

    def says_when_over(ar, main):
        while sys._current_frames()[main.ident].f_code.co_name != "_shutdown":
            time.sleep(0.001)
        ar.info("waiting")

    @background_task()
    def hangs_at_exit(ar):
        atexit.register(forever, ar)

    @background_task()
    def family(ar):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen(["sleep", "600"])
        ar.info("%d", child.pid)
        forever(ar)

    @background_task()
    def leaves_child(ar):
        child = subprocess.Popen(["sleep", "600"])
        ar.info("%d", child.pid)

    @background_task()
    def logs_always(ar):
        ar.info("waiting")
        while True:
            ar.info("x" * 60000)

    @background_task()
    async def waits_in_loop(ar):
        try:
            ar.info("waiting")
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            ar.info("cleaned up")
            raise

    @background_task()
    def short(ar):
        ar.info("done")
"""


@pytest.mark.parametrize("procedure", ["waits", "waits_in_loop"])
def test_a_job_is_told_to_end_and_cleans_up(tmp_path: Path, procedure: str) -> None:
    async def play() -> None:
        async with make_site(tmp_path, waits=WAITS) as site:
            job = site.begin(procedure)
            await site.said(job, "waiting")
            site.client.end_job(job, State.CANCELLED, "cancelled by robin", 20.0)
            seen = await site.end_of(job)
            assert seen.texts == ["waiting", "cleaned up"]
            assert seen.outcome.state is State.CANCELLED
            assert seen.outcome.message == "cancelled by robin; it cleaned up and ended"
            assert seen.outcome.traceback == ""

    playing(play())


KILLED = "it did not end within kill_grace (0.1 s), and was killed"


@pytest.mark.parametrize(
    ("procedure", "how"),
    [
        ("swallows", "its procedure went on, and returned"),
        ("deaf", KILLED),
        ("family", KILLED),
        ("logs_always", "it cleaned up and ended"),
        ("fails_in_cleanup", "its cleanup failed: ValueError: the file is gone"),
        ("as_others_do", "SIGTERM ended it, without cleanup"),
        ("leaves_with_7", "it ended with exit status 7"),
        ("waits_for_thread", f"its procedure had returned, but not all of its threads or exit functions; {KILLED}"),
        ("hangs_at_exit", f"its procedure had returned, but not all of its threads or exit functions; {KILLED}"),
    ],
)
def test_the_state_is_the_one_that_was_asked_for(tmp_path: Path, procedure: str, how: str) -> None:
    async def play() -> None:
        async with make_site(tmp_path, waits=WAITS) as site:
            job = site.begin(procedure)
            await site.said(job, "waiting")
            site.client.end_job(job, State.INTERRUPTED, "linod was stopped", 0.1)
            outcome = (await site.end_of(job)).outcome
            assert (outcome.state, outcome.message) == (State.INTERRUPTED, f"linod was stopped; {how}")
            assert ("the file is gone" in outcome.traceback) == (procedure == "fails_in_cleanup")

    playing(play())


def test_the_traceback_of_a_job_whose_time_is_up_says_where_it_was(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, waits=WAITS) as site:
            job = site.begin("waits")
            await site.said(job, "waiting")
            site.client.end_job(job, State.TIMED_OUT, "ended after 1h, its timeout", 20.0)
            outcome = (await site.end_of(job)).outcome
            assert outcome.message == "ended after 1h, its timeout; it cleaned up and ended"
            assert "in forever" in outcome.traceback

    playing(play())


def test_a_job_that_ended_before_the_signal_reached_it_keeps_its_outcome(tmp_path: Path) -> None:
    """The host is stopped: so it sends the signal to a process that has ended, which it has not reaped."""

    async def play() -> None:
        async with make_site(tmp_path, waits=WAITS) as site:
            job = site.begin("crashes_when_told")
            seen = await site.said(job, "waiting")
            os.kill(site.loaded.pid, signal.SIGSTOP)
            os.kill(seen.pid, signal.SIGUSR1)
            await gone(seen.pid)
            site.client.end_job(job, State.CANCELLED, "too late", 20.0)
            os.kill(site.loaded.pid, signal.SIGCONT)
            outcome = (await site.end_of(job)).outcome
            assert outcome.state is State.FAILED
            assert outcome.message == "killed by signal SIGUSR1"

    playing(play())


def test_a_second_call_shortens_the_grace(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, waits=WAITS) as site:
            job = site.begin("deaf")
            await site.said(job, "waiting")
            assert site.client.end_job(job, State.CANCELLED, "first", 600.0) == ("first", True)
            assert site.client.end_job(job, State.INTERRUPTED, "second", 0.0) == ("first", False)
            assert site.client.end_job(job, State.CANCELLED, "third", 600.0) == ("first", False)
            outcome = (await site.end_of(job)).outcome
            assert (outcome.state, outcome.message) == (State.CANCELLED, "first; it was killed at once")
            assert outcome.exit_signal == signal.SIGKILL

    playing(play())


def test_an_end_right_after_the_start(tmp_path: Path) -> None:
    """The signal may come before the procedure does; whatever is first, the outcome is one of the two."""

    async def play() -> None:
        async with make_site(tmp_path, waits=WAITS) as site:
            for _ in range(20):
                job = site.begin("waits")
                site.client.end_job(job, State.CANCELLED, "at once", 20.0)
                assert (await site.end_of(job)).outcome.state is State.CANCELLED
                job = site.begin("short")
                site.client.end_job(job, State.CANCELLED, "at once", 20.0)
                seen = await site.end_of(job)
                assert seen.outcome.state is (State.SUCCEEDED if "done" in seen.texts else State.CANCELLED) or (
                    seen.outcome.state is State.CANCELLED
                )

    playing(play())


def test_an_end_of_a_job_that_has_ended_is_nothing(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, waits=WAITS) as site:
            job = site.begin("short")
            await site.end_of(job)
            assert site.client.end_job(job, State.CANCELLED, "too late", 0.0) is None
            site.client.kill_job(job)
            assert (await site.run("short")).outcome.state is State.SUCCEEDED

    playing(play())


def test_kill_takes_the_whole_group(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, waits=WAITS) as site:
            job = site.begin("family")
            child = int((await site.said(job, "waiting")).texts[0])
            site.client.kill_job(job)
            seen = await site.end_of(job)
            assert (seen.outcome.state, seen.outcome.message) == (State.FAILED, "killed by signal SIGKILL")
            await gone(child)

    playing(play())


def test_a_child_that_stays_is_killed_and_the_log_says_so(tmp_path: Path) -> None:
    """It holds the job's output, and does not hold up its end."""

    async def play() -> None:
        async with make_site(tmp_path, waits=WAITS) as site:
            seen = await site.run("leaves_child")
            assert seen.outcome.state is State.SUCCEEDED
            assert not alive(int(seen.texts[0]))
            assert seen.texts[1:] == ["1 process that the job had left behind was killed"]

    playing(play())


def test_a_signal_of_ones_own(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, waits=WAITS) as site:
            job = site.begin("waits")
            os.kill((await site.said(job, "waiting")).pid, signal.SIGTERM)
            outcome = (await site.end_of(job)).outcome
            assert (outcome.state, outcome.message) == (State.FAILED, "ended by SIGTERM")
            assert "in forever" in outcome.traceback

            job = site.begin("swallows")
            os.kill((await site.said(job, "waiting")).pid, signal.SIGTERM)
            assert (await site.end_of(job)).outcome.state is State.SUCCEEDED

    playing(play())


def test_kill_all(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, waits=WAITS) as site:
            jobs = [site.begin("deaf") for _ in range(3)]
            for job in jobs:
                await site.said(job, "waiting")
            site.client.kill_all()
            for job in jobs:
                assert (await site.end_of(job)).outcome.message == "killed by signal SIGKILL"

    playing(play())


def test_stopping_the_host_interrupts_its_jobs(tmp_path: Path) -> None:
    async def play() -> None:
        site = make_site(tmp_path, waits=WAITS)
        async with site:
            jobs = [site.begin("deaf"), site.begin("family")]
            pids = [(await site.said(job, "waiting")).pid for job in jobs]
            host = site.loaded.pid
        assert not alive(host)
        for job, pid in zip(jobs, pids, strict=True):
            assert site.events.jobs[job].outcome.state is State.INTERRUPTED
            assert not alive(pid)
        assert site.events.losses == []

    playing(play())


def test_a_stopped_host_can_be_a_frozen_one(tmp_path: Path) -> None:
    async def play() -> None:
        site = make_site(tmp_path, host=HostSettings()._replace(python=sys.executable), waits=WAITS)
        site.start()
        await site.events.until(lambda: site.events.loads)
        job = site.begin("deaf")
        await site.said(job, "waiting")
        os.kill(site.loaded.pid, signal.SIGSTOP)
        await site.client.stop(0.2)
        assert site.events.jobs[job].outcome.state is State.INTERRUPTED
        assert not alive(site.events.jobs[job].pid)

    playing(play())


def test_what_a_job_forks_ends_at_sigterm_as_any_process_does(tmp_path: Path) -> None:
    source = """
        import multiprocessing, os, signal
        from linod import background_task

        @background_task()
        def pool(ar):
            with multiprocessing.get_context("fork").Pool(2) as workers:
                ar.info("%d", sum(workers.map(abs, range(-3, 3))))

        @background_task()
        def forks(ar):
            pid = os.fork()
            if not pid:
                signal.pause()
            os.kill(pid, signal.SIGTERM)
            ar.info("ended by %d", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    """

    async def play() -> None:
        async with make_site(tmp_path, pools=source) as site:
            assert (await site.run("forks")).texts == ["ended by -15"]
            seen = await site.run("pool")
            assert (seen.outcome.state, seen.texts) == (State.SUCCEEDED, ["9"])

    playing(play())


FREEZER = Path("/sys/fs/cgroup/freezer")


@pytest.mark.skipif(
    os.geteuid() != 0 or not (FREEZER / "cgroup.procs").exists(),
    reason="needs root, and the freezer of the old cgroups",
)
def test_a_process_in_uninterruptible_sleep_is_told_of_and_ends_when_it_wakes(tmp_path: Path) -> None:
    """A frozen process is in that state, as one whose disk does not answer."""

    async def play(group: Path) -> None:
        async with make_site(tmp_path, waits=WAITS) as site:
            job = site.begin("waits")
            seen = await site.said(job, "waiting")
            (group / "cgroup.procs").write_text(str(seen.pid))
            (group / "freezer.state").write_text("FROZEN")
            try:
                site.client.end_job(job, State.CANCELLED, "enough", 0.1)
                await site.events.until(lambda: any("sleeps uninterruptibly" in text for text in seen.texts))
                assert seen.ends == []
                assert (await site.run("short")).outcome.state is State.SUCCEEDED
            finally:
                (group / "freezer.state").write_text("THAWED")
            outcome = (await site.end_of(job)).outcome
            assert outcome.state is State.CANCELLED

    group = FREEZER / f"linod-test-{os.getpid()}"
    group.mkdir()
    try:
        playing(play(group))
    finally:
        group.rmdir()
