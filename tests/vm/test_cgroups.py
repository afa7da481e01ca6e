"""The control groups of the unit, which need a kernel whose controllers nobody else holds."""

from tests.system.site import Site
from tests.vm.machine import VirtualMachine

CONTROLLERS = {"cpu", "memory", "pids"}
"""What limits a job, and counts what it took."""


def test_the_controllers_are_delegated(machine: VirtualMachine, site: Site) -> None:
    group = f"/sys/fs/cgroup{site.show('ControlGroup')}"

    assert set(site.show("DelegateControllers").split()) >= CONTROLLERS
    assert set(machine.read(f"{group}/cgroup.controllers").split()) >= CONTROLLERS
    machine.run("mkdir", f"{group}/test", user="linod")  # which is all that a job's own group needs
    machine.run("rmdir", f"{group}/test", user="linod")
