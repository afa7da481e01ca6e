"""A host that dies, freezes or never was; a daemon that dies."""

import asyncio
import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import pytest

from linod.clock import SystemClock
from linod.errors import ConfigurationError
from linod.host.client import HostClient
from linod.host.process import spawn, unusable_host
from linod.jobs import State
from linod.settings import HostSettings
from tests.host.site import PATIENCE, Events, alive, gone, make_site, playing

JOBS = """
    import os, signal, subprocess, time
    from linod import background_task

    @background_task()
    def short(ar):
        ar.info("done")

    @background_task()
    def deaf(ar):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen(["sleep", "600"])
        ar.info("%d", child.pid)
        time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_host_that_dies_takes_its_jobs_along_and_is_replaced(tmp_path: Path, number: int) -> None:
    async def play() -> None:
        async with make_site(tmp_path, jobs=JOBS) as site:
            jobs = [site.begin("deaf") for _ in range(3)]
            for job in jobs:
                await site.said(job)
            first = site.loaded.pid
            os.kill(first, number)
            for job in jobs:
                seen = await site.end_of(job)
                assert seen.outcome.state is State.INTERRUPTED
                assert seen.outcome.message.startswith("The worker host ")
                assert not alive(seen.pid)
                await gone(int(seen.texts[0]))  # and what it had started
            await site.events.until(lambda: len(site.events.loads) == 2)
            assert len(site.events.losses) == 1
            assert site.loaded.pid != first
            assert (await site.run("short")).outcome.state is State.SUCCEEDED

    playing(play())


def test_the_reason_of_a_loss_is_named(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, jobs=JOBS) as site:
            os.kill(site.loaded.pid, signal.SIGKILL)
            await site.events.until(lambda: site.events.losses)
            assert site.events.losses == [("The worker host was killed by signal SIGKILL", None)]

    playing(play())


def test_a_host_that_freezes_is_replaced(tmp_path: Path) -> None:
    host = HostSettings(python=sys.executable, silence_timeout=0.6)

    async def play() -> None:
        async with make_site(tmp_path, host=host, jobs=JOBS) as site:
            job = site.begin("deaf")
            await site.said(job)
            os.kill(site.loaded.pid, signal.SIGSTOP)
            frozen = time.monotonic()
            seen = await site.end_of(job)
            assert 0.5 < time.monotonic() - frozen < 5
            assert seen.outcome.state is State.INTERRUPTED
            assert seen.outcome.message == "The worker host did not answer for 0.6 seconds"
            assert not alive(seen.pid)
            await site.events.until(lambda: len(site.events.loads) == 2)
            assert (await site.run("short")).outcome.state is State.SUCCEEDED

    playing(play())


def test_a_host_that_lives_is_left_alone(tmp_path: Path) -> None:
    """Twenty times the silence that would be its end, with nothing to do but answer."""

    async def play() -> None:
        async with make_site(
            tmp_path, host=HostSettings(python=sys.executable, silence_timeout=0.3), jobs=JOBS
        ) as site:
            job = site.begin("deaf")
            await site.said(job)
            moment = asyncio.Event()
            asyncio.get_running_loop().call_later(2.0, moment.set)
            await moment.wait()
            assert site.events.losses == []
            assert not site.events.jobs[job].ends
            site.client.kill_job(job)
            await site.end_of(job)

    playing(play())


def test_a_job_that_had_reported_keeps_its_outcome(tmp_path: Path) -> None:
    """The host is frozen when the job ends, so nobody reports its exit; then it is killed."""

    async def play() -> None:
        async with make_site(tmp_path, jobs=JOBS) as site:
            job = site.begin("short")
            await site.events.until(lambda: site.events.jobs[job].started)
            os.kill(site.loaded.pid, signal.SIGSTOP)
            await gone(site.events.jobs[job].pid)
            os.kill(site.loaded.pid, signal.SIGKILL)
            assert (await site.end_of(job)).outcome.state is State.SUCCEEDED

    playing(play())


@pytest.mark.parametrize("dies", ["child", "host", "both"])
def test_an_order_that_nobody_has_read_is_told_apart(tmp_path: Path, dies: str) -> None:
    """The spare stands still, so that it surely reads nothing of what it is handed."""

    async def play() -> None:
        async with make_site(tmp_path, jobs=JOBS) as site:
            async with asyncio.timeout(PATIENCE):
                while (child := site.client.reserve()) is None:
                    await asyncio.sleep(0.01)
            site.client.give_back(child)
            host, spare = site.loaded.pid, child.pid
            assert spare is not None
            os.kill(spare, signal.SIGSTOP)
            job = site.begin("short")
            for pid in {"child": [spare], "host": [host], "both": [spare, host]}[dies]:
                os.kill(pid, signal.SIGKILL)
            seen = await site.over(job)
            [(outcome, died)] = seen.unread
            assert died and outcome.state is (State.FAILED if dies == "child" else State.INTERRUPTED)
            assert seen.texts == []
            if dies != "child":
                await site.events.until(lambda: len(site.events.loads) == 2)
            assert (await site.run("short")).outcome.state is State.SUCCEEDED

    playing(play())


def test_a_killed_spare_is_no_loss(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, jobs=JOBS) as site:
            for _ in range(5):
                for child in Path(f"/proc/{site.loaded.pid}/task/{site.loaded.pid}/children").read_text().split():
                    os.kill(int(child), signal.SIGKILL)
                seen = await site.over(site.begin("short"))
                assert seen.unread or seen.outcome.state is State.SUCCEEDED
            assert (await site.run("short")).outcome.state is State.SUCCEEDED
            assert site.events.losses == []

    playing(play())


DAEMON = """
    import asyncio, fcntl, os, struct, sys
    from linod.clock import SystemClock
    from linod.host.client import HostClient
    from linod.host.process import spawn
    from linod.host.protocol import Order
    from linod.settings import HostSettings

    settings = HostSettings(python=sys.executable, path=(sys.argv[1],))
    lock = os.open(sys.argv[2], os.O_RDWR | os.O_CREAT)
    fcntl.fcntl(lock, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))

    class Events:
        def __getattr__(self, name):
            return lambda *args: print(name, *args[:2], flush=True)
        def host_ready(self, loaded):
            print("ready", loaded.pid, flush=True)
            client.start_job(Order(1, "deaf", "INFO", {}, {}))
        def job_record(self, job, record):
            print("record", record.text, flush=True)

    async def main():
        global client
        client = HostClient(settings, [sys.argv[3]], events=Events(), clock=SystemClock(), entry_points=False,
                            spawn=lambda: spawn(settings, keep_fds=[lock], environ=os.environ))
        client.start()
        await asyncio.Event().wait()

    asyncio.run(main())
"""


def lock_is_free(path: Path) -> bool:
    """Whether nobody holds the open-file-description lock; looking takes nothing."""
    with path.open("r+") as file:
        found = fcntl.fcntl(file, 36, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_GETLK, fcntl.h
    return bool(struct.unpack("hhqqi4x", found)[0] == fcntl.F_UNLCK)


def lines_until(daemon: "subprocess.Popen[bytes]", *words: str) -> dict[str, list[str]]:
    """Read what the daemon prints until each word began a line; returns what followed them."""
    assert daemon.stdout is not None
    output = b""
    deadline = time.monotonic() + PATIENCE
    said: dict[str, list[str]] = {}
    while not said.keys() >= set(words):
        assert select.select([daemon.stdout], [], [], deadline - time.monotonic())[0], said
        piece = os.read(daemon.stdout.fileno(), 65536)  # not by readline, whose buffer select does not see
        assert piece, said
        output += piece
        said = {name: values for name, *values in map(str.split, output.decode().rpartition("\n")[0].splitlines())}
    return said


def start_daemon(tmp_path: Path, source: str) -> "subprocess.Popen[bytes]":
    (tmp_path / "jobs.py").write_text(dedent(source))
    command = [sys.executable, "-u", "-c", dedent(DAEMON), str(tmp_path), str(tmp_path / "lock"), "jobs"]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


DIES_BEFORE_IT_TELLS = """
    import os, signal
    from linod import background_task
    from linod.host.nursery import Nursery

    fork, forks = Nursery.fork, []

    def fork_and_die(self, *args, **named):
        said = fork(self, *args, **named)
        forks.append(said)
        if len(forks) == 2:
            os.waitid(os.P_PID, said["pid"], os.WEXITED | os.WNOWAIT)
            os.kill(os.getpid(), signal.SIGKILL)
        return said

    Nursery.fork = fork_and_die

    @background_task()
    def short(ar):
        pass
"""


def test_a_job_whose_process_nobody_told_of_has_begun_and_succeeded(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, jobs=DIES_BEFORE_IT_TELLS) as site:
            first, second = site.begin("short"), site.begin("short")  # for the second another child is forked
            for job in (first, second):
                assert (await site.end_of(job)).outcome.state is State.SUCCEEDED
            assert site.events.jobs[first].pid
            assert site.events.jobs[second].started == [(None, None)]
            assert len(site.events.losses) == 1

    playing(play())


def test_a_host_ends_with_its_daemon_and_the_lock_is_free_when_its_jobs_are_gone(tmp_path: Path) -> None:
    daemon = start_daemon(tmp_path, JOBS)
    said = lines_until(daemon, "record", "job_started")
    host, job, child = int(said["ready"][0]), int(said["job_started"][1]), int(said["record"][0])
    assert not lock_is_free(tmp_path / "lock")
    pidfds = {pid: os.pidfd_open(pid) for pid in (host, job, child)}
    daemon.kill()
    daemon.communicate()
    try:
        assert select.select([pidfds[host]], [], [], PATIENCE)[0]
        assert select.select([pidfds[job]], [], [], 0)[0]  # killed and reaped before the host ended
        assert select.select([pidfds[child]], [], [], PATIENCE)[0]
        assert lock_is_free(tmp_path / "lock")
    finally:
        for pidfd in pidfds.values():
            os.close(pidfd)


def test_a_host_that_imports_ends_with_its_daemon(tmp_path: Path) -> None:
    daemon = start_daemon(tmp_path, "import os, time; print('importing', os.getpid()); time.sleep(600)")
    said = lines_until(daemon, "host_output", "plugin_loading")
    assert said["plugin_loading"] == ["jobs"]
    pidfd = os.pidfd_open(int(said["host_output"][1]))
    daemon.kill()
    daemon.communicate()
    try:
        assert select.select([pidfd], [], [], PATIENCE)[0]
    finally:
        os.close(pidfd)


def test_host_and_jobs_have_sessions_of_their_own(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, jobs=JOBS) as site:
            job = site.begin("deaf")
            host, child = site.loaded.pid, (await site.said(job)).pid
            assert os.getsid(host) == host
            assert os.getsid(child) == os.getpgid(child) == child
            assert len({os.getsid(0), host, child}) == 3
            site.client.kill_job(job)
            await site.end_of(job)

    playing(play())


def test_a_missing_interpreter_is_a_configuration_error(tmp_path: Path) -> None:
    for python in (str(tmp_path / "absent"), "no-such-python", str(tmp_path)):
        with pytest.raises(ConfigurationError, match=r"\[host\] python = ") as raised:
            spawn(HostSettings(python=python), keep_fds=[], environ=os.environ)
        assert python in str(raised.value)
        assert raised.value.exit_code == 78


def test_an_interpreter_without_linod_is_a_configuration_error(tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    bare.chmod(0o755)

    async def play() -> None:
        async with make_site(tmp_path, host=HostSettings(python=str(bare)), jobs=JOBS) as site:
            ((_, fatal),) = site.events.losses
            assert fatal is not None
            assert f"{bare} -m pip install --upgrade linod" in str(fatal)
            assert not site.client.ready
            assert len(site.spawned) == 1

    playing(play())


def test_what_makes_an_interpreter_unusable() -> None:
    def text(version: tuple[str, int] | None, output: str) -> str:
        return str(unusable_host("/srv/python", version, output))

    assert "speaks protocol 2 and not 1" in text(("0.9", 2), "")
    assert "lacks what linod needs" in text(None, "ModuleNotFoundError: No module named 'peewee'")
    assert "older than Python 3.11" in text(None, "Unknown option: -P\nusage: python3.9")
    assert text(None, "Segmentation fault") == text(("0.1", 1), "No module named 'linod.x'") == "None"


def test_a_host_that_cannot_start_is_tried_again(tmp_path: Path) -> None:
    """An interpreter that fails twice and works the third time: with a pause that grows."""
    flaky = tmp_path / "python"
    tries = tmp_path / "tries"
    twice = f"echo x >> {tries}\n[ $(wc -l < {tries}) -gt 2 ] || exit 3"
    flaky.write_text(f'#!/bin/sh\n{twice}\nexec {sys.executable} "$@"\n')
    flaky.chmod(0o755)

    async def play() -> None:
        async with make_site(tmp_path, host=HostSettings(python=str(flaky)), jobs=JOBS) as site:
            assert site.events.losses == [("The worker host ended with exit status 3", None)] * 2
            assert (await site.run("short")).outcome.state is State.SUCCEEDED

    playing(play())


def test_a_host_that_nobody_watched_is_ended_too(tmp_path: Path) -> None:
    """Something else failed between the start of the host and that of its client."""

    async def play() -> None:
        site = make_site(tmp_path, jobs=JOBS)
        process = site.spawn()
        client = HostClient(
            site.host, ["jobs"], events=Events(), clock=SystemClock(), spawn=site.spawn, process=process
        )
        await client.stop(5.0)
        await gone(process.pid)

    playing(play())


def test_nothing_of_systemd_reaches_the_host(tmp_path: Path) -> None:
    source = "import os\nprint(sorted(name for name in os.environ if name.startswith('X_LINOD') or name in {names}))"
    names = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PIDFDID")
    site = make_site(tmp_path, shows=source.format(names=names))

    async def play() -> None:
        environ = dict(os.environ) | dict.fromkeys((*names, "X_LINOD_TEST"), "1")
        site.spawn = lambda: spawn(site.host, keep_fds=[], environ=environ)  # type: ignore[method-assign]
        async with site:
            await site.events.until(lambda: site.events.output)
            assert site.events.output == ["['X_LINOD_TEST']"]

    playing(play())
