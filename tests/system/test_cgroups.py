"""The control group of each job. Those of a container may have no controllers: limits are tested in `tests.vm`."""

from collections.abc import Callable
from signal import SIGKILL

import pytest

from tests.system.machine import Machine, until
from tests.system.site import Site


def unit(site: Site) -> str:
    return f"/sys/fs/cgroup{site.show('ControlGroup')}"


def groups(site: Site) -> list[str]:
    """The groups of children, the one that waits for a job included."""
    return site.machine.run("find", unit(site), "-mindepth", "1", "-type", "d", "-name", "child-*").out.split()


def begin_scattered(site: Site) -> list[int]:
    """A job in a session of its own, and a process that it has hidden; the pids of both."""
    job = site.begin("scatters")
    hidden = int(site.machine.read(f"{site.state}/hidden"))
    path = site.machine.read(f"/proc/{hidden}/cgroup").strip()
    assert path == site.machine.read(f"/proc/{job['pid']}/cgroup").strip()
    assert "/child-" in path
    return [int(job["pid"]), hidden]


@pytest.mark.parametrize("how", ["kill", "kill -9 of the daemon", "kill -9 of the host", "stop", "its end"])
def test_nothing_of_a_job_is_left(machine: Machine, site: Site, how: str) -> None:
    ends: dict[str, Callable[[], object]] = {
        "kill": lambda: site.ctl("kill", "scatters"),
        "kill -9 of the daemon": lambda: site.signal(SIGKILL, site.pid),
        "kill -9 of the host": lambda: site.signal(SIGKILL, site.host_pid()),
        "stop": site.stop,
        "its end": site.let_go,
    }
    site.start()
    pids = begin_scattered(site)
    ends[how]()
    until(lambda: all(machine.gone(pid) for pid in pids), "the end of both")
    until(lambda: site.run_now_when_ready("quick")["outcome"] == "succeeded", "another job")
    until(lambda: len(groups(site)) == 1, "only the child that waits has a group")
    assert site.jobs("scatters")[0]["outcome"] == {"kill": "cancelled", "its end": "succeeded"}.get(how, "interrupted")
    if how == "its end":
        site.stop()
        assert site.texts("LINOD_TASK=scatters").count("1 process that the job had left behind was killed") == 1


def test_what_limits_jobs_is_said(site: Site) -> None:
    site.start()
    group, limits = unit(site), site.status()["limits"]
    assert limits["control_group"] == group
    ours = {str(site.pid), str(site.host_pid())}  # of another pid namespace than this

    def alone() -> bool:  # a child that was forked just now has not entered its own group yet
        return set(site.machine.run("cat", f"{group}/daemon/cgroup.procs").out.split()) == ours

    until(alone, "daemon and host alone in their group")
    delegated = set(site.machine.read(f"{group}/cgroup.controllers").split())
    assert set(limits["controllers"]) == delegated & {"cpu", "io", "memory", "pids"}
    if {"cpu", "memory", "pids"} <= delegated:
        assert limits["problem"] is None
    else:
        assert "; no controller " in site.show("StatusText")
        assert limits["problem"] in site.ctl("status").out
        site.stop()
        assert site.texts().count(limits["problem"]) == 1
