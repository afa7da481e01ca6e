"""A configuration that is wrong: at a start, with people waiting."""

import pytest

from tests.system.machine import Machine, until
from tests.system.site import Site
from tests.system.varlink import Refused

WAITING = 20


def test_all_who_wait_are_told_what_is_wrong_and_nothing_storms(machine: Machine, site: Site) -> None:
    site.start()
    site.run_now("quick")
    site.stop()
    good = machine.read(site.file)
    machine.write(site.file, good + "silence_timeuot = 5\n")
    connections = [site.connection() for _ in range(WAITING)]
    for connection in connections:
        with connection, pytest.raises(Refused) as refused:
            connection.ask("RunNow", task="quick")
            connection.answer()
        assert refused.value.name == "Configuration"
        assert "silence_timeuot" in refused.value.parameters["text"] and site.file in refused.value.parameters["text"]

    until(lambda: site.show("ActiveState") == "failed", "the end of the last start")
    assert site.show("ExecMainStatus") == "78"
    assert machine.show(site.socket, "ActiveState") == "active"
    assert site.show("NRestarts") == "0"
    starts = site.texts(
        f"UNIT={site.service}", "MESSAGE_ID=7d4958e842da4a758f6c1cdc7b36dcc5"
    )  # SD_MESSAGE_UNIT_STARTING
    assert 1 < len(starts) <= 2 + WAITING
    done = site.ctl("run-now", "quick", code=78)
    assert "silence_timeuot" in done.err

    machine.write(site.file, good)
    site.start()
    assert site.run_now("quick")["outcome"] == "succeeded"


def test_a_broken_file_names_its_line(machine: Machine, site: Site) -> None:
    machine.write(site.file, 'plugins = ["machine_plugin"]\nmax_jobs = "many\n')
    site.systemctl("start", code=1)
    assert site.show("ExecMainStatus") == "78"
    assert f"{site.file}:2: not TOML" in " ".join(site.texts("-p", "err"))


def test_a_missing_interpreter_is_named(machine: Machine, site: Site) -> None:
    site.configure(host={"python": "/srv/nowhere/bin/python"})
    site.systemctl("start", code=1)
    assert site.show("ExecMainStatus") == "78"
    assert "/srv/nowhere/bin/python" in " ".join(site.texts("-p", "err"))
    assert site.show("NRestarts") == "0"
