"""systemd's own Varlink client as the judge of the control socket. Debian 13 has it."""

import json

from tests.system.machine import Done, Machine
from tests.system.site import Site

INTERFACE = "org.linod.Control"


def call(site: Site, method: str, parameters: str, code: int = 0, *options: str) -> Done:
    return site.machine.run(
        "varlinkctl", *options, "call", site.control, f"{INTERFACE}.{method}", parameters, code=code
    )


def test_what_it_is(site: Site) -> None:
    site.start()
    info = json.loads(site.machine.run("varlinkctl", "--json=short", "info", site.control).out)
    assert info["product"] == "linod" and INTERFACE in info["interfaces"]


def test_the_description_is_valid_and_all_methods_are_in_it(machine: Machine, site: Site) -> None:
    site.start()
    shown = machine.run("varlinkctl", "introspect", site.control, INTERFACE).out
    assert "method GetStatus" in shown and "error NoSuchTask" in shown
    package = machine.run("python3", "-c", "import linod; print(linod.__path__[0])").out.strip()
    machine.run("varlinkctl", "validate-idl", f"{package}/control/{INTERFACE}.varlink")


def test_calls_and_an_error(site: Site) -> None:
    site.start()
    status = json.loads(call(site, "GetStatus", "{}", 0, "--json=short").out)
    assert status["status"]["site"] == site.name
    listed = json.loads(call(site, "ListTasks", '{"limit": 2}', 0, "--json=short").out)
    assert len(listed["tasks"]) == 2 and listed["total"] > 2
    assert "NoSuchTask" in call(site, "ShowTask", '{"task": "nobody"}', 1).err
    assert "InvalidParameter" in call(site, "ListTasks", '{"limit": "two"}', 1).err


def test_several_replies(site: Site) -> None:
    site.start()
    done = call(site, "RunNow", '{"task": "quick", "follow": true}', 0, "--json=short", "--more")
    replies = [json.loads(line) for line in done.out.replace("\x1e", "\n").splitlines() if line.strip()]
    assert any(reply.get("record") and reply["record"]["text"] == "the only line" for reply in replies)
    assert replies[-1]["job"]["outcome"] == "succeeded"
