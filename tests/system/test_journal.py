"""What the journal has of a site: by unit, by task, by level, and when it is flooded or does not read."""

import statistics
import time
from collections.abc import Callable
from signal import SIGCONT, SIGSTOP

from tests.system.machine import Machine, until
from tests.system.site import Site, records

JOBS = 200

LOGGED_AT_MOST = 10_000
"""Lines of one job."""

AWAY = 30
"""Seconds that journald stands still: jobs of a task that runs each second."""


def test_records_are_found_by_unit_task_and_level(machine: Machine, site: Site) -> None:
    site.start()
    job = site.run_now("levels")
    site.stop()
    own = site.journal(f"LINOD_SITE={site.name}")

    assert "Start task runner using" in " ".join(str(record["MESSAGE"]) for record in own)
    found = records(machine, "LINOD_TASK=levels", f"LINOD_SITE={site.name}", f"LINOD_JOB={job['id']}")
    assert [record["MESSAGE"] for record in found][:3] == ["a line at info", "a line at warning", "a line at error"]
    assert {record["_SYSTEMD_UNIT"] for record in found} == {site.service}
    assert {record["SYSLOG_IDENTIFIER"] for record in found} == {"linod"}
    assert {record["LINOD_JOB"] for record in found} == {str(job["id"])}
    assert {record["LINOD_PROCEDURE"] for record in found} == {"levels"}
    assert found[-1]["LINOD_OUTCOME"] == "succeeded"
    assert site.texts("LINOD_TASK=levels", "-p", "warning") == ["a line at warning", "a line at error"]
    assert site.texts("LINOD_TASK=levels", "-p", "err") == ["a line at error"]


def test_a_change_of_the_level_acts_on_the_next_job(site: Site) -> None:
    site.start()
    site.run_now("levels")
    site.ctl("set", "levels", "log_level=WARNING")
    quiet = site.run_now("levels")
    site.ctl("set", "levels", "log_level=DEBUG")
    loud = site.run_now("levels")
    site.stop()

    lines = site.texts(f"LINOD_JOB={quiet['id']}")
    assert lines == ["a line at warning", "a line at error"]
    assert "a line at debug" in site.texts(f"LINOD_JOB={loud['id']}")


def test_the_last_line_of_a_short_job_is_never_lost(site: Site, note: Callable[[str], None]) -> None:
    site.start()
    took = []
    for _ in range(JOBS):
        began = time.monotonic()
        assert site.run_now("quick")["outcome"] == "succeeded"
        took.append((time.monotonic() - began) * 1000)

    site.stop()
    assert site.texts("LINOD_TASK=quick").count("the only line") == JOBS
    note(f"run-now to its end {statistics.median(took):.1f} ms, at most {max(took):.0f} ms")


def test_a_flood_is_cut_off_and_costs_nobody_else_a_line(site: Site) -> None:
    site.start()
    site.call("RunNow", task="floods")
    assert site.run_now("quick")["outcome"] == "succeeded"
    until(lambda: site.jobs("floods")[0]["outcome"], "the end of the flood")
    [job] = site.jobs("floods")

    assert job["outcome"] == "succeeded"
    assert job["log_dropped"] >= 40_000
    site.stop()
    texts = site.texts(f"LINOD_JOB={job['id']}")
    assert 9_000 <= sum(text.startswith("flood ") for text in texts) <= LOGGED_AT_MOST
    assert site.texts("LINOD_TASK=quick").count("the only line") == 1
    assert site.texts("SYSLOG_IDENTIFIER=linod")[-1] == "Done"


def test_a_journald_that_stands_still_stops_nobody(machine: Machine, site: Site) -> None:
    site.start()
    site.ctl("enable", "each_second")
    journald = int(machine.show("systemd-journald.service", "MainPID"))
    machine.kill(SIGSTOP, journald)
    try:
        before = site.task("each_second")["events"]
        until(lambda: site.task("each_second")["events"] >= before + AWAY, f"{AWAY} jobs", within=2 * AWAY)
        assert site.run_now("quick")["outcome"] == "succeeded"
        assert site.status()["state"] == "ready"
    finally:
        machine.kill(SIGCONT, journald)
    site.wait_for_text("the only line", "LINOD_TASK=quick")
    assert site.show("NRestarts") == "0"
    site.stop()
    assert site.texts("SYSLOG_IDENTIFIER=linod")[-1] == "Done"


def test_a_journald_that_is_replaced_loses_nothing_of_linod(machine: Machine, site: Site) -> None:
    site.start()
    site.run_now("quick")
    machine.run("systemctl", "restart", "systemd-journald.service")
    site.run_now("quick")
    site.stop()

    assert site.texts("LINOD_TASK=quick").count("the only line") == 2
    assert site.texts("SYSLOG_IDENTIFIER=linod")[-1] == "Done"
