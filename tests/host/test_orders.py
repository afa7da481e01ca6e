"""Handing over orders: many at once, large ones, some that cannot be written; and what processes hold meanwhile."""

import contextlib
import sys
from pathlib import Path

import pytest

from linod.host.protocol import HostAway, Order
from linod.jobs import State
from linod.models import task_row
from linod.settings import HostSettings
from linod.tasks import SYSTEM_TASK, Task
from tests.host.site import Site, make_site, playing

WAITS = """
    import time
    from linod import background_task

    @background_task()
    def waits(ar):
        ar.info("waiting")
        while True:
            time.sleep(60)

    @background_task()
    def short(ar):
        ar.info("done")
"""


def test_jobs_started_at_once_run_at_once(tmp_path: Path) -> None:
    """One spare, many orders: those without a spare take the same way."""

    async def play() -> None:
        async with make_site(tmp_path, waits=WAITS) as site:
            jobs = [site.begin("waits") for _ in range(8)]
            for job in jobs:
                await site.said(job, "waiting")
            for job in jobs:
                site.client.end_job(job, State.CANCELLED, "enough", 20.0)
            assert {(await site.end_of(job)).outcome.state for job in jobs} == {State.CANCELLED}

    playing(play())


def open_descriptors(pid: int) -> dict[int, str]:
    """What a process holds, but for what it closes while we look: the host reads /proc/PID/stat of a new child."""
    found = {}
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found[int(fd.name)] = str(fd.readlink())
    return found


def test_a_job_holds_nothing_of_the_host_and_of_other_jobs(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.touch()

    async def play(kept: int) -> None:
        async with make_site(tmp_path, keep_fds=[kept], waits=WAITS) as site:
            jobs = [site.begin("waits") for _ in range(3)]
            held = [open_descriptors((await site.said(job, "waiting")).pid) for job in jobs]
            held = [open_descriptors(site.events.jobs[job].pid) for job in jobs]
            assert str(lock) in open_descriptors(site.loaded.pid).values()
            for one in held:
                assert sorted(one) == [0, 1, 2, *sorted(one)[3:]]
                assert one[0] == "/dev/null"
                assert len(one) == 4, str(one)  # its input, output, error and stream
                assert str(lock) not in one.values()
            assert not set(held[0].values()) & set(held[1].values()) - {"/dev/null"}
            await at_rest(site, jobs)

    async def at_rest(site: Site, jobs: list[int]) -> None:
        """When the jobs are over the host holds what it held before them: the lock, its socket, its spare's two."""
        for job in jobs:
            site.client.kill_job(job)
            await site.end_of(job)
        await site.run("short")
        before = counts(site)
        for _ in range(20):
            await site.run("short")
        assert all(abs(one - other) <= 6 for one, other in zip(before, counts(site), strict=True))

    def counts(site: Site) -> list[int]:
        return [len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in (site.loaded.pid, "self")]

    with lock.open("w") as file:
        playing(play(file.fileno()))


def test_an_order_that_is_no_json_ends_its_job(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, waits=WAITS) as site:
            outcome = (await site.run("short", task={"kind": object()})).outcome
            assert outcome.state is State.FAILED
            assert outcome.message.startswith("its order cannot be written: ")
            assert (await site.run("short")).outcome.state is State.SUCCEEDED

    playing(play())


def test_an_order_larger_than_a_socket_takes(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, waits=WAITS) as site:
            job = Task(SYSTEM_TASK, 3, 1, "short", "short", message="x" * 3_000_000)
            assert (await site.run("short", task=task_row(job))).outcome.state is State.SUCCEEDED

    playing(play())


def test_there_is_no_job_without_a_host(tmp_path: Path) -> None:
    async def play() -> None:
        site = make_site(tmp_path, host=HostSettings(python=sys.executable), waits=WAITS)
        site.start()
        with pytest.raises(HostAway):
            site.client.start_job(Order(1, "short", "INFO", {}, {}))
        await site.client.stop(5.0)
        assert not site.client.ready
        assert site.events.jobs == {}

    playing(play())
