"""A real daemon whose wall clock is set while it runs. Nothing wakes it then, as on a real machine: it looks."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from tests.process.faketime import WallClock
from tests.process.site import Site

NIGHT = datetime.now(UTC) + timedelta(hours=12)
"""So far away that no slot comes while a test runs."""

PLUGIN = f"""
@schedule_often(every=2)
def often(ar):
    with open(OUT, "a") as out:
        out.write("x\\n")

@schedule_daily(start_time="{NIGHT:%H:%M}", start_date="2026-01-01")
def nightly(ar):
    pass

@schedule_daily(start_time="{NIGHT:%H:%M}", start_date="2026-01-01", missed="skip")
def skipping(ar):
    pass
"""
THREE_DAYS = timedelta(days=3)


@pytest.fixture
def clock(site: Site) -> WallClock:
    made = WallClock(site.directory / "wall_clock")
    site.environ |= made.environment()
    site.settings |= {"background_sleep_time": 1, "time_zone": "UTC"}
    site.plugin(PLUGIN)
    return made


def planned(site: Site, days: int) -> bool:
    """Whether the daily tasks wait for their next slot by a wall clock that is set by so many days."""
    slot = f"{NIGHT + timedelta(days=days):%Y-%m-%dT%H:%M:00Z}"
    return all(site.task(name)["next_due"] == slot for name in ("nightly", "skipping"))


def outcomes(site: Site, name: str) -> list[tuple[str, int]]:
    """Of each row of the ledger the outcome, and how many slots it is about; the newest first."""
    return [(job["outcome"], job["slot_count"] or 1) for job in site.jobs(name)]


def changes(site: Site) -> list[float]:
    """By how much the clock was set, in hours, each time that is recorded."""
    with sqlite3.connect(site.state / "linod.sqlite") as db:
        rows = db.execute("SELECT before, after FROM linod_change WHERE action = 'clock' ORDER BY id").fetchall()
    moments = [[datetime.fromisoformat(json.loads(text)["now"]) for text in row] for row in rows]
    return [round((now - expected).total_seconds() / 3600, 2) for expected, now in moments]


def more_runs(site: Site, count: int) -> None:
    before = len(site.output())
    site.wait_until(lambda: len(site.output()) >= before + count, f"{count} runs of the task that runs often")


def test_forward_and_back_under_a_running_daemon(site: Site, clock: WallClock) -> None:
    site.start()
    site.wait_until(lambda: planned(site, 0), "the first plan")
    more_runs(site, 1)

    clock.set_by(THREE_DAYS)
    site.wait_for_log("The clock was set 3 days forward, from ")
    site.wait_until(lambda: planned(site, 3), "a plan from the new time")
    site.wait_until(lambda: len(outcomes(site, "nightly")) == 2, "what was made up for")
    assert outcomes(site, "nightly") == [("succeeded", 1), ("missed", 2)]
    assert outcomes(site, "skipping") == [("missed", 3)]
    more_runs(site, 2)

    clock.set_by(timedelta())
    site.wait_for_log("The clock was set 3 days back, from ")
    site.wait_until(lambda: planned(site, 0), "a plan from the old time")
    more_runs(site, 2)
    assert changes(site) == [72, -72]
    assert len(outcomes(site, "nightly")) == 2  # no slot was run twice, and none at once
    assert site.stop() == 0


def test_back_before_all_that_was_ever_run(site: Site, clock: WallClock) -> None:
    site.start()
    more_runs(site, 1)
    clock.set_by(-THREE_DAYS)
    site.wait_for_log("The clock was set 3 days back, from ")
    site.wait_until(lambda: planned(site, -3), "a plan from the new time")
    more_runs(site, 2)
    assert (changes(site), outcomes(site, "nightly")) == ([-72], [])
    assert site.stop() == 0


def test_a_small_step_is_nobodys_business(site: Site, clock: WallClock) -> None:
    site.start()
    for step in (0.9, -0.9):
        clock.set_by(timedelta(seconds=step))
        more_runs(site, 2)
    assert (changes(site), "The clock was set" in site.log()) == ([], False)
    slots = [job["slot"] for job in site.jobs("often")]
    assert len(slots) == len(set(slots))
    assert site.stop() == 0


def test_back_while_the_daemon_was_down(site: Site, clock: WallClock) -> None:
    clock.set_by(THREE_DAYS)
    site.start()
    more_runs(site, 1)
    assert site.stop() == 0
    clock.set_by(timedelta())
    site.forget_messages()
    site.start()
    site.wait_for_log("back while linod was down, from ")
    site.wait_until(lambda: planned(site, 0), "a plan from the new time")
    more_runs(site, 2)
    assert [round(step) for step in changes(site)] == [-72]
    assert site.stop() == 0


def test_back_while_the_daemon_was_down_and_a_task_was_run_in_a_terminal(site: Site, clock: WallClock) -> None:
    """Its rows are newer than those of the wrong time, and must not hide that from the next daemon."""
    clock.set_by(THREE_DAYS)
    site.start()
    more_runs(site, 1)
    assert site.stop() == 0
    clock.set_by(timedelta())
    for said in (1, 0):
        ran = site.linod("run", "often")
        assert (ran.returncode, ran.stderr.count("back while linod was down")) == (0, said), ran.stderr
    assert [round(step) for step in changes(site)] == [-72]
    site.forget_messages()
    site.start()
    site.wait_until(lambda: planned(site, 0), "a plan from the new time")
    more_runs(site, 2)
    assert site.stop() == 0
