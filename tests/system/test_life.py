"""A daemon under its unit: start, readiness, stop, and who starts it."""

import time
from collections.abc import Callable

from tests.system.machine import Machine, until
from tests.system.site import PLACE, Site

UNITS = ["linod.service", "linod.socket", "linod.target"]


def test_the_installed_package_runs_and_is_enabled(machine: Machine) -> None:
    assert machine.run("systemctl", "is-active", *UNITS).out.split() == ["active"] * 3
    assert machine.run("systemctl", "is-enabled", *UNITS).out.split() == ["enabled"] * 3
    assert machine.run("linod-ctl", "status").out.startswith("Nothing needs your attention.")


def test_no_unit_has_a_warning(machine: Machine) -> None:
    units = [*UNITS, "linod@demo.service", "linod@demo.socket"]
    done = machine.run("systemd-analyze", "verify", "--man=no", *units)
    assert done.out + done.err == ""


def test_the_exposure_is_small_and_smaller_with_strict(machine: Machine, site: Site) -> None:
    for unit in ("linod.service", site.service):
        machine.run("systemd-analyze", "security", "--threshold=15", unit)
    machine.sh(f"mkdir -p /run/systemd/system/{site.service}.d")
    machine.sh(f"ln -s /usr/share/linod/strict.conf /run/systemd/system/{site.service}.d/; systemctl daemon-reload")
    machine.run("systemd-analyze", "security", "--threshold=6", site.service)
    site.start()
    assert site.run_now("quick")["outcome"] == "succeeded"


def test_the_start_ends_when_jobs_can_run(machine: Machine, site: Site) -> None:
    waits = "import os, select\nwhile not os.path.exists(os.environ['STATE_DIRECTORY'] + '/load'):\n"
    machine.write(f"{PLACE}/slow_import.py", waits + "    select.select([], [], [], 0.02)\n")
    site.configure(plugins=["slow_import", "machine_plugin"])
    machine.run("systemctl", "start", "--no-block", site.service)
    status = site.status()

    assert status["state"] == "loading"
    assert site.show("ActiveState") == "activating"
    until(lambda: site.show("StatusText"), "its status")
    machine.write(f"{site.state}/load", "")
    until(lambda: site.show("ActiveState") == "active", "READY=1")
    assert site.status()["state"] == "ready"
    assert "tasks, 0 running" in site.show("StatusText")
    assert site.run_now("quick")["outcome"] == "succeeded"


def test_a_stop_lets_a_job_finish(machine: Machine, site: Site) -> None:
    site.start()
    site.begin()
    machine.run("systemctl", "stop", "--no-block", site.service)
    until(lambda: site.show("SubState") == "stop-sigterm", "the stop")
    site.let_go()
    until(lambda: site.show("ActiveState") == "inactive", "its end")

    assert site.show("Result") == "success"
    assert site.texts("SYSLOG_IDENTIFIER=linod")[-1] == "Done"
    site.start()
    assert [job["outcome"] for job in site.jobs("waits")] == ["succeeded"]


def test_a_stop_ends_a_job_that_does_not(machine: Machine, site: Site) -> None:
    site.configure(stop_timeout=1, kill_grace=1)
    site.start()
    job = site.begin("deaf")
    site.stop()

    assert machine.gone(job["pid"])
    assert site.show("Result") == "success"
    assert site.texts("SYSLOG_IDENTIFIER=linod")[-1] == "Done"
    site.start()
    assert [job["outcome"] for job in site.jobs("deaf")] == ["interrupted"]
    assert not site.task("deaf")["disabled"]


def test_a_stopped_daemon_is_started_by_a_request_and_by_no_look(site: Site) -> None:
    site.start()
    site.stop()
    for words in (["status"], ["list"], ["jobs"], ["log", "quick"]):
        assert "is not running" in site.ctl(*words, code=3).err
    assert not site.is_active()

    site.ctl("run-now", "quick", "--wait")
    assert site.is_active()
    assert [job["outcome"] for job in site.jobs("quick")] == ["succeeded"]


def test_a_stop_of_one_site_leaves_the_socket_of_another(machine: Machine, site: Site) -> None:
    other = Site(machine, f"{site.name}-other")
    try:
        site.start()
        other.start()
        pid = other.pid
        site.stop()
        assert other.run_now("quick")["outcome"] == "succeeded"
        site.start()
        machine.run("systemctl", "stop", site.service, site.socket)
        assert not machine.exists(site.control)
        assert other.run_now("quick")["outcome"] == "succeeded"
        assert other.pid == pid
    finally:
        other.remove()


def test_the_demo_site(machine: Machine) -> None:
    demo = Site(machine, "demo")
    machine.run("rm", demo.file)
    try:
        demo.start()
        assert demo.run_now("checkdata")["outcome"] == "warned"
        assert "checkdata" in demo.ctl("list").out
        demo.stop()
        problems = demo.journal("LINOD_TASK=checkdata", "-p", "warning")
        assert len(problems) >= 3 and all(record["LINOD_SITE"] == "demo" for record in problems)
    finally:
        demo.remove()


def test_the_time_from_start_to_ready(site: Site, note: Callable[[str], None]) -> None:
    site.start()
    site.stop()
    began = time.monotonic()
    site.start()
    note(f"systemctl start {time.monotonic() - began:.2f} s")
    began = time.monotonic()
    site.stop()
    note(f"stop {time.monotonic() - began:.2f} s")
