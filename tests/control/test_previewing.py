"""PreviewTask and GetCalendar over a real store, and the two commands that show them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from linod.control.client import CallFailed, Client
from linod.tasks import NOTHING_TO_PLAN
from tests.control.command import Ctl
from tests.control.daemon import NOW, Daemon

HOUR = timedelta(hours=1)


@pytest.fixture
def ctl(daemon: Daemon, tmp_path: Path) -> Ctl:
    return Ctl(tmp_path, daemon.place.control)


def set_columns(client: Client, task: str, **columns: object) -> None:
    client.call("SetTask", task=task, columns=columns)


def plan_all(daemon: Daemon) -> None:
    """Plan what is unplanned, as a turn does."""
    from linod.recurrence import plan

    for task in daemon.run(lambda: daemon.store.unplanned(99)):
        due = plan(task, daemon.clock.now(), daemon.zone)
        assert daemon.run(lambda task=task, due=due: daemon.store.plan(task, due))  # type: ignore[misc]


def starts(reply: Any) -> list[str]:
    return [slot["local"] for slot in reply["slots"]]


def test_a_preview_has_slots_reasons_and_the_end(client: Client) -> None:
    set_columns(client, "nightly", every_unit="daily", every=1, start_time="02:30", max_events=400)
    reply = client.call("PreviewTask", task="nightly", count=2)

    assert set(reply) == {"task", "time_zone", "notes", "slots", "end"}
    assert (reply["task"]["name"], reply["time_zone"], reply["notes"], reply["end"]) == (
        "nightly",
        "Europe/Brussels",
        [],
        None,
    )
    assert reply["slots"] == [
        {"at": "2026-11-25T01:30:00Z", "local": "2026-11-25T02:30:00+01:00", "reasons": ["waits for its first run"]},
        {"at": "2026-11-26T01:30:00Z", "local": "2026-11-26T02:30:00+01:00", "reasons": []},
    ]
    spring = client.call("PreviewTask", task="nightly", start="2027-03-28", count=1)["slots"]
    assert spring == [
        {
            "at": "2027-03-28T01:00:00Z",
            "local": "2027-03-28T03:00:00+02:00",
            "reasons": ["clock goes forward: 02:30 does not exist"],
        }
    ]


def test_a_preview_is_in_the_task_s_zone_and_takes_a_local_start_in_it(client: Client) -> None:
    set_columns(client, "nightly", every_unit="daily", start_time="04:00", time_zone="Asia/Tokyo")
    for start in ("2026-12-01 04:00", "2026-11-30T19:00:00Z"):
        reply = client.call("PreviewTask", task="nightly", start=start, count=1)
        assert (reply["time_zone"], starts(reply)) == ("Asia/Tokyo", ["2026-12-01T04:00:00+09:00"])


def test_a_preview_says_of_each_task_what_it_is(daemon: Daemon, client: Client) -> None:
    assert client.call("PreviewTask", task="nightly")["end"] == "never: it runs on request only"
    client.call("Disable", task="checkdata")
    assert "disabled" in client.call("PreviewTask", task="checkdata")["notes"][0]
    daemon.run(lambda: daemon.store._db.execute_sql("UPDATE linod_systemtask SET every = 0 WHERE name = 'checkdata'"))
    reply = client.call("PreviewTask", task="checkdata")
    assert (reply["slots"], reply["end"]) == ([], "impossible: every: must be 1 or more, not 0")


def test_a_start_that_is_none_is_refused_and_counts_are_bounded(client: Client) -> None:
    with pytest.raises(CallFailed) as failed:
        client.call("PreviewTask", task="checkdata", start="tomorrow")
    assert (failed.value.name, failed.value.parameters["column"]) == ("BadValue", "start")
    assert len(client.call("PreviewTask", task="checkdata", count=10**9)["slots"]) == 1000
    assert len(client.call("PreviewTask", task="checkdata", count=-5)["slots"]) == 1


def test_a_calendar_has_the_tasks_that_fall_due_and_no_others(daemon: Daemon, client: Client) -> None:
    set_columns(client, "nightly", every_unit="daily", start_time="02:30", start_date="2026-11-26")
    client.call("Disable", task="checksummaries")
    plan_all(daemon)
    reply = client.call("GetCalendar")

    assert (reply["start"], reply["until"]) == ("2026-11-24T03:00:00Z", "2026-11-25T03:00:00Z")
    assert reply["more"] is False
    found = {one["task"]["name"]: one for one in reply["tasks"]}
    assert set(found) == {"checkdata", "send_pending_emails_often"}
    often = found["send_pending_emails_often"]
    assert (often["count"], often["interval"], len(often["slots"])) == (8640, "10 seconds", 1)
    assert (found["checkdata"]["count"], found["checkdata"]["interval"]) == (1, None)
    later = client.call("GetCalendar", start="2026-11-26", hours=3)
    assert starts(next(one for one in later["tasks"] if one["task"]["name"] == "nightly")) == [
        "2026-11-26T02:30:00+01:00"
    ]


def test_a_calendar_has_unplanned_overdue_and_running_tasks_too(daemon: Daemon, client: Client) -> None:
    assert len(client.call("GetCalendar")["tasks"]) == 3  # none is planned yet
    plan_all(daemon)
    client.call("RunNow", task="send_pending_emails_often")
    assert daemon.task("send_pending_emails_often").next_due == NOTHING_TO_PLAN
    daemon.clock.at = NOW + HOUR
    found = {one["task"]["name"]: one for one in client.call("GetCalendar")["tasks"]}

    assert found["send_pending_emails_often"]["count"] == 8639
    assert "runs now, as job 1" in found["send_pending_emails_often"]["notes"][0]
    assert found["checkdata"]["slots"][0]["reasons"] == ["waits for its first run", "fell due, and has not run yet"]


def test_a_calendar_is_limited_and_says_so(daemon: Daemon, client: Client) -> None:
    plan_all(daemon)
    reply = client.call("GetCalendar", limit=2, hours=10**6)

    assert (len(reply["tasks"]), reply["more"], reply["until"]) == (2, True, "2026-12-25T03:00:00Z")


def test_the_calendar_reads_no_task_behind_its_end(daemon: Daemon, client: Client) -> None:
    """The query is the runner's own, by the index of next_due: tests/store reads its plan."""
    set_columns(client, "checkdata", every_unit="daily", start_date="2027-01-01")
    plan_all(daemon)
    names = [task.name for task in daemon.run(lambda: daemon.store.due(NOW + 24 * HOUR, 99))]
    assert "checkdata" not in names


def test_an_interval_that_misses_every_window_is_refused_when_set(daemon: Daemon, client: Client) -> None:
    set_columns(client, "nightly", time_zone="UTC", start_date="none")
    daemon.end(client.call("RunNow", task="nightly")["job"]["id"])  # at 03:00 UTC: its grid begins there

    with pytest.raises(CallFailed, match="steps over"):
        set_columns(client, "nightly", every_unit="hourly", every=24, start_time="04:00", end_time="05:00")
    set_columns(client, "nightly", every_unit="hourly", every=24, start_time="02:00", end_time="05:00")


def test_an_impossible_row_can_still_be_disabled_and_mended(daemon: Daemon, client: Client) -> None:
    daemon.run(lambda: daemon.store._db.execute_sql("UPDATE linod_systemtask SET every = 0 WHERE name = 'checkdata'"))

    assert client.call("Disable", task="checkdata")["changed"] is True
    set_columns(client, "checkdata", log_level="DEBUG")
    with pytest.raises(CallFailed, match="must be 1 or more"):
        set_columns(client, "checkdata", start_time="04:00")
    set_columns(client, "checkdata", start_time="04:00", every=1)


def test_the_command_preview(ctl: Ctl, client: Client) -> None:
    set_columns(client, "nightly", every_unit="daily", start_time="02:30", end_date="2027-03-28")

    assert ctl.said("preview", "nightly", "-n", "3", "--from", "2027-03-27").splitlines() == [
        "System task #4 (nightly), times in Europe/Brussels",
        "Sat 2027-03-27 02:30:00 +0100",
        "Sun 2027-03-28 03:00:00 +0200  clock goes forward: 02:30 does not exist",
        "No more: end_date 2027-03-28 reached",
    ]
    assert ctl.json("preview", "nightly")["slots"][0]["at"] == "2026-11-25T01:30:00Z"
    assert "None: end_date" in ctl.said("preview", "nightly", "--from", "2028-01-01T00:00:00Z")
    assert "is not a moment" in ctl.refused("preview", "nightly", "--from", "soon", code=2)
    assert "did you mean 'nightly'" in ctl.refused("preview", "nightli", code=4)


def test_the_command_calendar_fits_a_terminal(daemon: Daemon, ctl: Ctl, client: Client) -> None:
    set_columns(
        client, "nightly", every_unit="daily", start_time="02:30", name="a name that is longer than a terminal " * 3
    )
    plan_all(daemon)
    shown = ctl.on_terminal("calendar", NO_COLOR="1").splitlines()

    assert shown[0] == "24 hours, times in Europe/Brussels"
    assert shown[2].startswith("  04:00:00- send_pending_emails_often") and "every 10 seconds, 8,640 times" in shown[2]
    assert shown[3] == "Tuesday 2026-11-24"
    assert shown[6] == "Wednesday 2026-11-25" and "waits for its first run" in shown[7]
    assert all(len(line) <= 80 for line in shown)
    assert ctl.json("calendar", "--hours", "1")["until"] == "2026-11-24T04:00:00Z"
    for name in ("checkdata", "checksummaries", "send_pending_emails_often", "4"):
        ctl.said("disable", name)
    assert "Nothing falls due." in ctl.said("calendar")
