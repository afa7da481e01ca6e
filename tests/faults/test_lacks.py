"""No descriptors and no processes are left: one ERROR says so, one record that there are some, and jobs run again."""

import os
import resource
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.crash.site import CrashSite
from tests.faults.site import end_waiting, errors, goes_on, prepare, running
from tests.process.everybody import OWNER, open_site
from tests.process.site import DEADLINE


def test_no_descriptors_left(site: CrashSite, capsys: pytest.CaptureFixture[str]) -> None:
    site.start()
    assert site.process is not None
    pid = site.process.pid
    with site.client() as client:
        usual = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        client.call("RunNow", task="waits")  # it holds the spare's descriptors; for the next one there are none
        site.wait_until(lambda: running(site), "the job that waits")

        def starved() -> bool:
            taken = max(int(file.name) for file in Path(f"/proc/{pid}/fd").iterdir()) + 1
            if taken < resource.prlimit(pid, resource.RLIMIT_NOFILE)[0]:  # fewer than when a job ran, or a spare stood
                resource.prlimit(pid, resource.RLIMIT_NOFILE, (taken, usual[1]))
            client.call("RunNow", task="quick")
            return "No job can be started: no channel for a job: Too many open files" in site.log()

        site.wait_until(starved, "lack of descriptors")
        began = time.monotonic()
        resource.prlimit(pid, resource.RLIMIT_NOFILE, usual)
    goes_on(site, began, capsys)
    site.wait_for_log("Jobs can be started again.")
    end_waiting(site)
    assert site.stop() == 0
    assert list(site.faults()) == []
    assert len([line for line in errors(site) if "No job can be started" in line]) == 1


def limit_processes(pid: int, soft: str) -> None:
    """Said by the user whose process it is: root in a container may not."""
    subprocess.run(["prlimit", "--pid", str(pid), f"--nproc={soft}:"], user=OWNER, check=True, timeout=DEADLINE)


def limits(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/limits").read_text().splitlines()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to run linod as another user")
def test_no_processes_left(tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]) -> None:
    place = Path(subprocess.check_output(["mktemp", "-d", "/tmp/linod-XXXXXX"], text=True).strip())
    place.chmod(0o755)
    site = open_site(place)
    try:
        prepare(site)
        for directory in (site.state, site.run):
            directory.mkdir()
            shutil.chown(directory, OWNER)
        site.directory.chmod(0o777)
        site.start(options={"user": OWNER})
        host = site.status()["host"]["pid"]
        [usual] = [line.split()[2] for line in limits(host) if line.startswith("Max processes")]
        limit_processes(host, "0")
        with site.client() as client:
            for _ in range(2):
                client.call("RunNow", task="waits")
            client.call("RunNow", task="quick")
        site.wait_for_log("No job can be started: no process could be started: Resource temporarily unavailable")
        began = time.monotonic()
        limit_processes(host, usual)
        goes_on(site, began, capsys)
        site.wait_for_log("Jobs can be started again.")
        end_waiting(site)
        assert site.stop() == 0
        assert len([line for line in errors(site) if "No job can be started" in line]) == 1
    finally:
        site.close()
        shutil.rmtree(place)
