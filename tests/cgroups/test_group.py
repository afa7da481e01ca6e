"""One group, as its child, the host and the daemon use it."""

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from linod.cgroups.group import Group, transferred
from linod.cgroups.usage import merged

WITHIN = 10.0
"""Seconds that anything may take."""


def child(group: Group, code: str) -> "subprocess.Popen[str]":
    """A process that has entered a group, and says so in its first line."""
    program = f"from linod.cgroups import Group; Group({group.path!r}).enter(); print('in', flush=True)\n{code}"
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "in\n"
    return process


def test_who_enters_is_a_member_until_it_has_ended(place: Path) -> None:
    group = Group(str(place / "child-1"))
    process = child(group, "input()")
    assert group.members() == [process.pid]
    watch = group.watch()
    assert not watch.empty()
    assert not group.remove()

    poll = select.poll()
    poll.register(watch.fd, select.POLLPRI)
    process.communicate("\n")
    assert poll.poll(WITHIN * 1000)
    assert watch.empty()
    watch.close()
    assert group.remove()
    assert group.remove()  # and once more: it is gone
    assert not Path(group.path).exists()


def test_what_it_has_taken_is_counted(place: Path) -> None:
    group = Group(str(place / "child-1"))
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'sum(range(3_000_000))']); input()"
    process = child(group, code)
    process.communicate("\n")
    counted = group.counted()
    assert 0.01 < counted["cpu_seconds"] < 60
    assert counted["oom_kills"] == 0


def test_a_kill_takes_all_that_a_process_has_started(place: Path) -> None:
    """A daemon of two forks and a session of its own, and 50 others."""
    group = Group(str(place / "child-1"))
    code = """
        import os, signal, sys, time
        if not os.fork():
            os.setsid()
            if not os.fork():
                signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 30))
                os.close(1)
                signal.pause()
            os._exit(0)
        os.wait()
        for _ in range(50):
            if not os.fork():
                signal.pause()
        print("all", flush=True)
        signal.pause()
    """
    process = child(group, "\n".join(line[8:] for line in code.splitlines()))
    assert process.stdout is not None
    assert process.stdout.readline() == "all\n"
    assert len(group.members()) == 52
    pidfds = [os.pidfd_open(pid) for pid in group.members()]

    group.kill()
    assert group.wait_until_empty(WITHIN)
    assert group.members() == []
    for fd in pidfds:
        assert select.select([fd], [], [], WITHIN)[0]
        os.close(fd)
    assert process.wait(WITHIN) == -9


def test_groups_that_a_job_has_made_below_its_own_go_with_it(place: Path) -> None:
    group = Group(str(place / "child-1"))
    process = child(group, f"import os; os.makedirs({group.path!r} + '/its/own'); print('made', flush=True); input()")
    assert process.stdout is not None
    process.stdout.readline()
    assert not group.remove()
    process.communicate("\n")
    assert group.remove()


def test_a_group_that_nobody_has_entered_is_nothing(place: Path) -> None:
    group = Group(str(place / "child-1"))
    group.kill()
    assert group.wait_until_empty(0.0)
    assert group.remove()
    with pytest.raises(FileNotFoundError):
        group.watch()


def test_limits_without_a_controller_are_told(place: Path) -> None:
    group = Group(str(place / "child-1"))
    Path(group.path).mkdir()
    if "memory" in (place / "cgroup.controllers").read_text():
        pytest.skip("the machine gives the group controllers")
    limits = {"memory_max": 1 << 20, "cpu_weight": 10, "pids_max": 3}
    assert group.limit(limits) == limits


def test_what_was_transferred_is_the_sum_of_all_devices() -> None:
    text = "254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n8:0 rbytes=1 wbytes=2 rios=1 wios=1\n7:0\n"
    assert transferred(text) == (4097, 8194)
    assert transferred("") == (0, 0)


def test_of_what_was_transferred_the_larger_figure_is_told() -> None:
    process = {"cpu_seconds": 9.0, "memory_peak": 9, "bytes_read": 5, "bytes_written": 6}
    group = {"cpu_seconds": 1.0, "bytes_read": 7, "bytes_written": 0, "processes": 2}
    found = {"cpu_seconds": 1.0, "memory_peak": 9, "bytes_read": 7, "bytes_written": 6, "processes": 2}
    assert merged(process, group) == found
    assert merged(process, {}) == process
    assert merged({}, group) == group
