"""The place for groups, as a daemon finds it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from linod.cgroups.groups import BY_PARENTS
from tests.cgroups.entering import into

EFFECT = "memory_max limits each process of a job by itself, cpu_weight and pids_max limit nothing"

PROGRAM = Path(__file__).parent / "programs" / "opens.py"


def opened_in(group: Path) -> dict[str, Any]:
    """What a daemon makes of it."""
    command = [sys.executable, str(PROGRAM)]
    done = subprocess.run(command, preexec_fn=into(group), capture_output=True, text=True, check=True)
    assert done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def own(group: Path) -> str:
    """As /proc/PID/cgroup names it; this test's own is the hierarchy's root."""
    return f"0::/{group.parent.name}/{group.name}" if group.name == "daemon" else f"0::/{group.name}"


def test_daemon_and_host_move_and_the_unit_has_no_processes_of_its_own(place: Path) -> None:
    found = opened_in(place)
    assert found["path"] == str(place)
    assert own(place / "daemon") in found["daemon"].splitlines()
    assert own(place / "daemon") in found["host"].splitlines()
    assert found["new"] == f"{place}/child-1"
    there = (place / "cgroup.controllers").read_text().split()
    assert set(found["controllers"]) == {"cpu", "io", "memory", "pids"} & set(there)
    if not found["controllers"]:
        missing = "no controller memory, cpu, pids"
        assert found["missing"] == missing
        cause = f"because the control group {place} has {missing}"
        assert found["problem"] == f"Not all limits of jobs work, {cause}: {EFFECT}"


def test_where_somebody_has_put_it_into_the_group_of_the_daemon_already(place: Path) -> None:
    """DelegateSubgroup=daemon, of systemd 254."""
    (place / "daemon").mkdir()
    found = opened_in(place / "daemon")
    assert found["path"] == str(place)
    assert own(place / "daemon") in found["host"].splitlines()


def test_a_group_that_was_not_delegated_is_left_alone(place: Path) -> None:
    os.removexattr(place, "user.delegate")
    found = opened_in(place)
    assert (found["path"], found["new"]) == ("", None)
    assert own(place) in found["daemon"].splitlines()
    cause = f"the control group /{place.name} is not given to linod: its unit needs Delegate=yes"
    assert found["problem"] == f"Jobs have no control groups, because {cause}: {EFFECT}, {BY_PARENTS}"
    assert found["missing"] == "no control groups"
    assert not (place / "daemon").exists()


def test_what_a_dead_daemon_has_left_is_killed_and_its_groups_are_removed(place: Path) -> None:
    left = []
    for number in (3, 17):
        group = place / f"child-{number}"
        group.mkdir()
        left.append(subprocess.Popen(["sleep", "infinity"], preexec_fn=into(group)))
    found = opened_in(place)
    assert found["new"] == f"{place}/child-1"
    assert [process.poll() for process in left] == [-9, -9]
    assert sorted(child.name for child in place.iterdir() if child.is_dir()) == ["daemon"]


def test_a_group_in_which_another_linod_lives_is_left_alone(place: Path) -> None:
    (place / "daemon").mkdir()
    other = subprocess.Popen(["sleep", "infinity"], preexec_fn=into(place / "daemon"))
    (place / "child-1").mkdir()
    job = subprocess.Popen(["sleep", "infinity"], preexec_fn=into(place / "child-1"))
    found = opened_in(place)
    assert f"because process {other.pid} is in {place}/daemon, which is another linod's: " in found["problem"]
    for process in (other, job):
        assert process.poll() is None
        process.kill()
        process.wait()
