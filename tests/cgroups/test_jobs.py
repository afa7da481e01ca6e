"""Jobs of a real host, each in a group of its own."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from linod.cgroups.groups import Groups
from linod.jobs import State
from tests.host.site import PATIENCE, Seen, Site, alive, gone, make_site, playing

JOBS = """
    import os, signal, subprocess, sys, time
    from linod import background_task

    @background_task()
    def where(ar):
        ar.info("%s", open("/proc/self/cgroup").read().split("0::")[1].strip())

    @background_task()
    def waits(ar):
        ar.info("waiting")
        while True:
            time.sleep(0.01)

    @background_task()
    def works(ar):
        subprocess.run([sys.executable, "-c", "sum(range(5_000_000))"])

    def daemon():
        if not os.fork():
            os.setsid()
            if not os.fork():
                os.closerange(0, 3)
                signal.pause()
            os._exit(0)
        os.wait()

    @background_task()
    def leaves(ar):
        daemon()

    @background_task()
    def crowd(ar):
        daemon()
        for _ in range(500):
            if not os.fork():
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                signal.pause()
        ar.info("waiting")
        signal.pause()

    @background_task()
    def wants(ar):
        ar.info("%d", len(b"x" * 300_000_000))
"""


def make(tmp_path: Path, place: Path | None) -> Site:
    site = make_site(tmp_path, jobs=JOBS)
    if place is not None:
        site.groups = Groups()
        site.groups.path = str(place)
    return site


def groups(place: Path) -> set[str]:
    return {child.name for child in place.iterdir() if child.is_dir()}


async def until_only_the_spare_has_one(place: Path) -> None:
    """The host removes a group before it reports the end; only the child that waits has one then."""
    async with asyncio.timeout(PATIENCE):
        while len(groups(place)) != 1:
            await asyncio.sleep(0)


def members(place: Path) -> set[int]:
    return {
        int(pid) for group in place.iterdir() if group.is_dir() for pid in (group / "cgroup.procs").read_text().split()
    }


def test_each_job_has_a_group_that_goes_with_it(tmp_path: Path, place: Path) -> None:
    async def play() -> None:
        async with make(tmp_path, place) as site:
            seen = [await site.run("where") for _ in range(3)]
            assert [one.texts for one in seen] == [[f"/{place.name}/child-{number}"] for number in (1, 2, 3)]
            at_once = [site.begin("where") for _ in range(5)]
            found = {(await site.end_of(job)).texts[0] for job in at_once}
            assert len(found) == 5  # those, too, for which no child was waiting
            await until_only_the_spare_has_one(place)
        assert groups(place) == set()

    playing(play())


def test_what_a_job_has_used_is_told(tmp_path: Path, place: Path) -> None:
    async def play() -> None:
        async with make(tmp_path, place) as site:
            usage = (await site.run("works")).outcome.usage
        check(usage.cpu_seconds, 0.02, 60.0)
        check(usage.memory_peak, 1 << 20, 1 << 30)
        check(usage.bytes_read, 0, 1 << 30)
        check(usage.bytes_written, 0, 1 << 30)

    playing(play())


def test_without_a_group_what_the_process_has_used_is_told(tmp_path: Path) -> None:
    async def play() -> None:
        async with make(tmp_path, None) as site:
            usage = (await site.run("works")).outcome.usage
        check(usage.cpu_seconds, 0.02, 60.0)
        check(usage.memory_peak, 1 << 20, 1 << 30)
        assert usage.processes is None

    playing(play())


def check(value: float | None, least: float, most: float) -> None:
    assert value is not None
    assert least <= value <= most


def test_what_a_job_leaves_behind_is_killed_and_the_log_says_so(tmp_path: Path, place: Path) -> None:
    async def play() -> None:
        async with make(tmp_path, place) as site:
            seen = await site.run("leaves")
            assert seen.outcome.state is State.SUCCEEDED
            assert seen.texts == ["1 process that the job had left behind was killed"]
            await until_only_the_spare_has_one(place)

    playing(play())


def test_a_kill_takes_500_children_and_a_daemon(tmp_path: Path, place: Path) -> None:
    async def play() -> None:
        async with make(tmp_path, place) as site:
            job = site.begin("crowd")
            seen = await site.said(job, "waiting")
            pids = members(place)
            assert len(pids) >= 502
            site.client.kill_job(job)
            await site.end_of(job)
            assert seen.texts == ["waiting"]  # nothing about what was left: it was to be killed
            assert [pid for pid in pids & members(place) if pid != spare(place)] == []

    playing(play())


def spare(place: Path) -> int:
    [group] = [child for child in place.iterdir() if child.is_dir()]
    return int((group / "cgroup.procs").read_text())


@pytest.mark.parametrize("procedure", ["waits", "crowd"])
def test_a_lost_host_leaves_nothing(tmp_path: Path, place: Path, procedure: str) -> None:
    async def play() -> None:
        async with make(tmp_path, place) as site:
            job = site.begin(procedure)
            await site.said(job, "waiting")
            pids = members(place)
            os.kill(site.loaded.pid, signal.SIGKILL)
            seen = await site.end_of(job)
            assert seen.outcome.state is State.INTERRUPTED
            check(seen.outcome.usage.cpu_seconds, 0.0001, 60.0)
            for pid in pids:
                await gone(pid)
            await site.events.until(lambda: len(site.events.loads) == 2)
            assert (await site.run("where")).outcome.state is State.SUCCEEDED
            await until_only_the_spare_has_one(place)

    playing(play())


def test_a_host_that_is_told_to_end_leaves_nothing(tmp_path: Path, place: Path) -> None:
    async def play() -> None:
        async with make(tmp_path, place) as site:
            job = site.begin("crowd")
            await site.said(job, "waiting")
            pids = members(place)
        assert site.events.jobs[job].outcome.state is State.INTERRUPTED
        assert groups(place) == set()
        assert not any(alive(pid) for pid in pids)

    playing(play())


def test_a_job_that_cannot_have_its_group_runs_without_and_says_so(tmp_path: Path, place: Path) -> None:
    async def play() -> None:
        async with make(tmp_path, place / "nothing") as site:
            seen = await site.run("where")
            assert seen.outcome.state is State.SUCCEEDED
            path = f"{place}/nothing/child-1"
            assert f"This job has no control group: {path}: No such file or directory" in seen.texts
            assert seen.outcome.usage.cpu_seconds is not None

    playing(play())


def test_memory_max_without_a_controller_limits_each_process(tmp_path: Path) -> None:
    async def play() -> None:
        async with make(tmp_path, None) as site:
            seen = await limited(site, 200 << 20)
            assert seen.outcome.state is State.OUT_OF_MEMORY
            assert seen.outcome.message == "a process of it wanted more than 200 MiB, its memory_max"
            assert "in wants" in seen.outcome.traceback
            assert (await limited(site, 800 << 20)).texts == ["300000000"]
            assert (await site.run("wants")).outcome.state is State.SUCCEEDED

    async def limited(site: Site, memory_max: int) -> Seen:
        return await site.end_of(site.begin("wants", limits={"memory_max": memory_max}))

    playing(play())
