"""The clock is set back, to a time at which tasks have run already."""

from datetime import timedelta

from tests.system.site import Site
from tests.vm.checks import CALENDAR, check_daemon, check_each_slot_once, check_pace, check_what_fell_due
from tests.vm.diary import Diary
from tests.vm.machine import VirtualMachine

DAYS = timedelta(days=3)


def test_set_back_three_days_and_forward_again(machine: VirtualMachine, site: Site, diary: Diary) -> None:
    pid = site.pid
    machine.shift_clock(timedelta(hours=1))
    check_what_fell_due(site, diary, pid)
    before = [one.slot for one in diary.ran(*CALENDAR)]

    machine.shift_clock(-DAYS)
    site.wait_for_text("The clock was set 3 days back, from ")
    diary.goes_on("often")
    diary.goes_on("minutely", 1)
    assert [one.slot for one in diary.ran(*CALENDAR)] == before

    machine.shift_clock(DAYS)
    # Of what was passed over once more the last had its job: nothing is to make up for.
    site.wait_for_text("Missed 2 slots from 08.03.2027 04:00:00 UTC to 09.03.2027 04:00:00 UTC")
    site.wait_for_text("the slot of 10.03.2027 04:00:00 UTC was run before the clock was set back")
    diary.goes_on("often")
    diary.goes_on("minutely", 1)
    jobs = diary.ran()
    assert [str(one.slot) for one in jobs if one.task == "daily"] == ["2027-03-10T04:00:00Z"]
    assert [one.task for one in jobs].count("only_once") == 1
    check_each_slot_once(jobs)
    check_pace(jobs, changes=3)
    check_daemon(site, pid)
