"""The clock of the machine is set under a running daemon: by hand, or by a step of NTP."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.system.site import Site
from tests.vm.checks import CALENDAR, check_daemon, check_each_slot_once, check_pace, check_what_fell_due
from tests.vm.diary import Diary
from tests.vm.machine import VirtualMachine


@pytest.mark.parametrize("by", [timedelta(hours=1), timedelta(days=3)], ids=["an_hour", "three_days"])
def test_set_forward(
    machine: VirtualMachine, site: Site, diary: Diary, by: timedelta, note: Callable[[str], None]
) -> None:
    pid = site.pid
    assert diary.ran(*CALENDAR) == []
    machine.shift_clock(by)
    check_what_fell_due(site, diary, pid)
    note(f"{len(diary.ran())} jobs")


def test_steps_of_two_seconds(machine: VirtualMachine, site: Site, diary: Diary) -> None:
    pid, steps = site.pid, [2, -2, 2, -2]
    for seconds in steps:
        machine.shift_clock(timedelta(seconds=seconds))
        diary.goes_on("often", 2)

    jobs = diary.ran()
    check_each_slot_once(jobs)
    check_pace(jobs, len(steps))
    slots = [str(one.slot) for one in jobs if one.task == "often"]
    assert slots == sorted(slots)
    assert diary.ran(*CALENDAR) == [] and len(diary.ran("hourly")) == 1
    check_daemon(site, pid)
