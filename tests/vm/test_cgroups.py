"""The control groups of jobs, which need a kernel whose controllers nobody else holds."""

from collections.abc import Callable, Iterator
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pytest

from tests.system.machine import Machine, until
from tests.system.site import Site
from tests.vm.machine import VirtualMachine

CONTROLLERS = {"cpu", "io", "memory", "pids"}
"""What limits a job, and counts what it took."""

PLUGIN = Path(__file__).parent / "programs" / "limits_plugin.py"

MIB = 1 << 20


@pytest.fixture(scope="module")
def running(first: Site) -> Iterator[Site]:
    machine = first.machine
    assert isinstance(machine, VirtualMachine)
    machine.restore()
    site = Site(machine, plugin=PLUGIN)
    site.stop()
    site.start()
    yield site
    site.stop()
    first.configure()


@pytest.fixture
def limited(running: Site) -> Site:
    """A site whose jobs take what they can get."""
    running.machine.remove(f"{running.state}/go")
    return running


def unit(site: Site) -> str:
    return f"/sys/fs/cgroup{site.show('ControlGroup')}"


def groups(site: Site) -> list[str]:
    """The groups of children, the one that waits for a job included."""
    found = site.machine.run("find", unit(site), "-mindepth", "1", "-type", "d", "-name", "child-*").out
    return sorted(found.split())


def members(machine: Machine, group: str) -> list[int]:
    return [int(pid) for pid in machine.read(f"{group}/cgroup.procs").split()]


def group_of(site: Site, job: dict[str, Any]) -> str:
    path = site.machine.read(f"/proc/{job['pid']}/cgroup").strip().removeprefix("0::")
    return f"/sys/fs/cgroup{path}"


def set_(site: Site, task: str, **columns: object) -> None:
    site.call("SetTask", task=task, columns=columns)


def ended(site: Site, task: str) -> dict[str, Any]:
    """Its newest job, when that has ended."""
    return until(lambda: next((job for job in site.jobs(task)[:1] if job["outcome"]), {}), f"the end of {task}")


def check_only_the_spare_is_left(site: Site) -> None:
    until(lambda: len(groups(site)) == 1, "only the child that waits has a group")


def test_daemon_and_host_live_beside_the_groups_of_jobs(limited: Site) -> None:
    machine, group = limited.machine, unit(limited)
    assert machine.read(f"{group}/cgroup.procs") == ""
    assert set(machine.read(f"{group}/cgroup.subtree_control").split()) == CONTROLLERS
    assert {limited.pid, limited.host_pid()} == set(members(machine, f"{group}/daemon"))
    told = {"control_group": group, "controllers": sorted(CONTROLLERS), "problem": None}
    assert limited.status()["limits"] == told
    assert "a control group for each job (cpu, io, memory, pids)" in limited.ctl("status").out

    job = limited.begin()
    shown = machine.run("systemctl", "status", limited.service, "--no-pager", "--lines=0").out
    assert f"Main PID: {limited.pid} " in shown
    assert "─daemon\n" in shown and "─child-" in shown
    assert str(job["pid"]) in shown
    limited.let_go()
    ended(limited, "waits")
    limited.machine.run("systemctl", "reload", limited.service)  # whose process is in a group beside these
    check_only_the_spare_is_left(limited)


def test_memory_max_ends_the_job_that_took_more_and_no_other(limited: Site) -> None:
    daemon, host = limited.pid, limited.host_pid()
    set_(limited, "grows", memory_max="64M")
    waiting = limited.begin()
    job = limited.run_now("grows")

    assert (job["outcome"], job["message"]) == ("out_of_memory", "used 64 MiB, its memory_max")
    assert job["exit_signal"] == SIGKILL
    assert 60 * MIB < job["memory_peak"] <= 64 * MIB
    assert limited.task("grows")["disabled"]
    assert "Disabled System task" in limited.wait_for_text("after out of memory in job", f"LINOD_JOB={job['id']}")
    limited.let_go()
    assert ended(limited, "waits")["id"] == waiting["id"]
    assert ended(limited, "waits")["outcome"] == "succeeded"
    assert (limited.pid, limited.host_pid()) == (daemon, host)
    check_only_the_spare_is_left(limited)


def test_what_a_job_starts_counts_for_its_memory_max(limited: Site) -> None:
    set_(limited, "child_grows", memory_max="64M")
    job = limited.run_now("child_grows")
    assert (job["outcome"], job["message"]) == ("out_of_memory", "used 64 MiB, its memory_max")
    assert "all is well" not in job["log"]

    set_(limited, "child_grows", memory_max="")
    job = limited.run_now("child_grows")
    assert job["outcome"] == "succeeded"
    assert job["memory_peak"] > 300 * MIB


def test_pids_max(limited: Site) -> None:
    set_(limited, "forks", pids_max="20")
    job = limited.run_now("forks")
    assert (job["outcome"], job["processes"]) == ("succeeded", 20)
    assert "19 could be forked" in job["log"]
    assert "19 processes that the job had left behind were killed" in job["log"]
    check_only_the_spare_is_left(limited)


def test_cpu_weight(limited: Site, note: Callable[[str], None]) -> None:
    set_(limited, "spins", cpu_weight="1000")
    set_(limited, "spins_too", cpu_weight="10")
    heavy, light = limited.begin("spins"), limited.begin("spins_too")
    for job, weight in ((heavy, "1000"), (light, "10")):
        assert limited.machine.read(f"{group_of(limited, job)}/cpu.weight").strip() == weight
    stat = f"{group_of(limited, heavy)}/cpu.stat"
    until(lambda: int(limited.machine.read(stat).split()[1]) > 2_000_000, "it has used the processors")
    limited.let_go()
    more, less = ended(limited, "spins")["cpu_seconds"], ended(limited, "spins_too")["cpu_seconds"]
    note(f"{more:.1f} s of CPU time and {less:.1f} s")
    assert more > 3 * less


def test_what_a_job_has_used_is_in_the_ledger(limited: Site, note: Callable[[str], None]) -> None:
    job = limited.run_now("transfers")
    assert job["outcome"] == "succeeded"
    note(f"{job['bytes_read']} bytes read, {job['bytes_written']} written, {job['cpu_seconds']:.2f} s of CPU time")
    assert 3 * MIB <= job["bytes_read"] < 100 * MIB
    assert 3 * MIB <= job["bytes_written"] < 100 * MIB
    assert 0.01 < job["cpu_seconds"] < 100
    assert 1 * MIB < job["memory_peak"] < 300 * MIB
    assert job["processes"] == 2


def test_a_kill_takes_what_nobody_finds_again(limited: Site) -> None:
    job = limited.begin("scatters")
    pids = members(limited.machine, group_of(limited, job))
    assert len(pids) == 6
    limited.ctl("kill", "--job", str(job["id"]))
    assert ended(limited, "scatters")["outcome"] == "cancelled"
    assert all(limited.machine.gone(pid) for pid in pids)
    check_only_the_spare_is_left(limited)


def test_kill_9_of_daemon_and_host_leaves_no_process(limited: Site) -> None:
    job = limited.begin("scatters")
    daemon, host = limited.pid, limited.host_pid()
    pids = members(limited.machine, group_of(limited, job))
    limited.signal(SIGKILL, daemon, host)
    until(lambda: limited.pid not in (0, daemon), "another daemon")
    assert limited.host_pid() != host
    assert ended(limited, "scatters")["outcome"] == "interrupted"
    assert all(limited.machine.gone(pid) for pid in [*pids, host])
    check_only_the_spare_is_left(limited)


def test_without_delegation_processes_are_limited_one_by_one_and_that_is_said(limited: Site) -> None:
    limited.drop_in("Delegate=no", "undelegated")
    limited.systemctl("restart")
    try:
        set_(limited, "grows", memory_max="200M")
        job = limited.run_now("grows")
        assert (job["outcome"], job["exit_code"]) == ("out_of_memory", 1)
        assert job["message"] == "a process of it wanted more than 200 MiB, its memory_max"
        cause = "is not given to linod: its unit needs Delegate=yes"
        assert cause in limited.status()["limits"]["problem"]
        assert cause in limited.ctl("status").out
        assert cause in limited.wait_for_text("Jobs have no control groups, because the control group ")
        assert "no control groups" in limited.show("StatusText")
        assert limited.run_now("transfers")["cpu_seconds"] > 0.01
    finally:
        limited.drop_in("", "undelegated")
        limited.systemctl("restart")
    assert limited.status()["limits"]["problem"] is None
