"""The machine sleeps, and an hour has passed when it is awake again."""

from datetime import timedelta

from tests.system.site import Site
from tests.vm.checks import CALENDAR, check_what_fell_due
from tests.vm.diary import Diary
from tests.vm.machine import VirtualMachine


def test_hibernated_for_an_hour(machine: VirtualMachine, site: Site, diary: Diary) -> None:
    pid, before = site.pid, machine.now()
    assert diary.ran(*CALENDAR) == []
    machine.hibernate(timedelta(hours=1))
    diary.reopen()
    assert machine.now() - before > timedelta(hours=1)
    check_what_fell_due(site, diary, pid)
