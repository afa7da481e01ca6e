"""Root types linod's commands by hand: nothing is left in the way of the service."""

from tests.system.machine import Machine
from tests.system.site import Site


def owners(machine: Machine, place: str) -> set[str]:
    return set(machine.run("find", place, "-printf", "%u\n").out.split())


def test_commands_of_root_before_the_first_start_leave_nothing_in_its_way(machine: Machine, site: Site) -> None:
    for command in ("check", "prep", "check"):
        machine.run("linod", "--site", site.name, command)
    assert owners(machine, site.state) == {"linod"}
    assert machine.run("stat", "-c", "%a", site.state).out == "700\n"
    site.start()
    assert site.run_now("quick")["outcome"] == "succeeded"


def test_root_looks_at_a_site_that_runs(machine: Machine, site: Site) -> None:
    site.start()
    machine.run("linod", "--site", site.name, "check")
    done = machine.run("linod", "--site", site.name, code=1)
    assert str(site.pid) in done.err
    assert site.run_now("quick")["outcome"] == "succeeded"
    assert owners(machine, site.state) == {"linod"}
