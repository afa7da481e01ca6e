"""The rules for logcheck, put to what a real linod says: silent when all is well, and not when it is not."""

import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from linod.runner.clockset import ClockSet, told
from tests.docs.pages import ROOT
from tests.journal.receiver import Receiver, Record
from tests.process.site import Site

RULES = ROOT / "packaging" / "logcheck" / "linod"
STAMPS = ("Nov 24 03:00:00", "2026-11-24T03:00:00.123456+01:00")
"""Of a line of syslog: as journalctl and older releases write it, and as Debian 12's rsyslog does."""

PLUGIN = """
import select

@background_task(every_unit="never", name="two (words)", log_level="DEBUG")
def fine(ar):
    pass

@background_task(every_unit="never")
def talks(ar):
    ar.info("a line of the site's own")

@background_task(every_unit="never")
def boom(ar):
    raise ValueError("voucher 17")

@background_task(every_unit="never")
def careful(ar):
    raise Warning("sold out")

@background_task(every_unit="never")
def long(ar):
    select.select([], [], [])
"""


def syslog(record: Record) -> list[str]:
    """A record as syslog has it: rsyslog writes #012 for a newline."""
    text = record["MESSAGE"].replace("\n", "#012")
    return [f"{stamp} server.example.org linod[4711]: {text}" for stamp in STAMPS]


def reported(lines: list[str], tmp_path: Path) -> list[str]:
    """What logcheck would mail: it takes comments and empty lines out of the rules, and egrep does the rest."""
    rules = tmp_path / "rules"
    rules.write_text("".join(f"{line}\n" for line in RULES.read_text().splitlines() if re.match(r"[^#\s]", line)))
    done = subprocess.run(
        ["grep", "-E", "--text", "-v", "-f", rules],
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "s")
    made.plugin(PLUGIN)
    made.settings |= {"log_each_action_request": True, "stop_timeout": 0}
    yield made
    made.close()


def session(site: Site, *commands: str) -> list[Record]:
    """All records of a daemon that is started, operated and stopped."""
    with Receiver() as receiver:
        site.process = receiver.start(site.command(), site.environment())
        site.wait_for_message("READY=1")
        for command in commands:
            words = command.replace("TWO", "two_(words)").split()
            done = site.ctl(*[word.replace("two_(words)", "two (words)") for word in words])
            assert done.returncode in (0, 10), done.stderr
        assert site.stop() == 0
        receiver.wait_for(lambda record: record["MESSAGE"] == "Done")
        return list(receiver.records)


def test_an_ordinary_day_is_silent(site: Site, tmp_path: Path) -> None:
    records = session(
        site,
        "run-now --wait TWO",
        "disable TWO",
        "enable TWO",
        "set TWO every=3 every_unit=daily start_time=04:00",
        "set talks name=speaks",
        "add fine --name more log_level=INFO",
        "run-now --wait more",
        "move-up more",
        "duplicate more disabled=yes",
        "remove more",
        "add-user ann --language de",
        "set-user ann time_zone=Asia/Tokyo language=fr",
        "reload",
    )
    lines = [line for record in records for line in syslog(record)]
    assert len(records) >= 20
    assert reported(lines, tmp_path) == []


def test_a_site_without_tasks_is_silent(tmp_path: Path) -> None:
    site = Site(tmp_path / "s")
    try:
        records = session(site)
    finally:
        site.close()
    assert "There are no tasks to run." in [record["MESSAGE"] for record in records]
    assert reported([line for record in records for line in syslog(record)], tmp_path) == []


def test_what_is_not_well_is_reported(site: Site, tmp_path: Path) -> None:
    site.plugin("1 / 0", name="broken")
    records = session(site, "run-now --wait careful", "run-now --wait boom", "run-now long")
    loud = [record for record in records if int(record["PRIORITY"]) <= 4]
    assert len(loud) >= 4
    for record in loud:
        assert len(reported(syslog(record), tmp_path)) == len(STAMPS), record
    quiet = [line for record in records if record not in loud for line in syslog(record)]
    assert reported(quiet, tmp_path) == []


def test_what_jobs_log_is_for_the_site_to_judge(site: Site, tmp_path: Path) -> None:
    records = session(site, "run-now --wait talks")
    (line,) = [record for record in records if record["MESSAGE"] == "a line of the site's own"]
    assert len(reported(syslog(line), tmp_path)) == len(STAMPS)


def test_the_rule_that_the_documentation_shows_fits() -> None:
    rule = re.search(r"(?m)^    (\^.*linod.*\$)$", (ROOT / "docs" / "server.md").read_text())
    assert rule
    for stamp in STAMPS:
        line = f"{stamp} server linod[4711]: 3 kinds of fruit counted."
        assert subprocess.run(["grep", "-Eq", rule[1]], input=line, text=True).returncode == 0


def test_rules_are_for_lines_of_linod_alone(tmp_path: Path) -> None:
    lines = ["Nov 24 03:00:00 server other[1]: Done", "Nov 24 03:00:00 server linod[1]: Done it", "linod[1]: Done"]
    assert reported([*lines, "Nov 24 03:00:00 server linod[1]: Done"], tmp_path) == lines


def test_a_machine_that_slept_is_silent_and_a_clock_that_was_set_is_not(tmp_path: Path) -> None:
    now = datetime(2026, 11, 24, 3, tzinfo=UTC)
    slept, was_set = ClockSet(now, now, slept=93_600.0), ClockSet(now - timedelta(days=3), now, slept=60.0)
    lines = [line for change in (slept, was_set) for line in syslog({"MESSAGE": told(change, ZoneInfo("UTC"))})]
    assert reported(lines, tmp_path) == lines[len(STAMPS) :]
