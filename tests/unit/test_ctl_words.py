"""What `linod-ctl` makes of moments, durations, and the order of its words."""

from datetime import UTC, datetime

import pytest

from linod.cli.ctl import hoisted
from linod.cli.ctl.times import ago, clock, local, took
from linod.cli.ctl.words import ending, reference
from linod.jobs import EXIT_CODES, OUTCOMES

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_moments_are_shown_in_local_time(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Europe/Brussels")
    time.tzset()
    assert local("2026-11-24T03:00:00Z") == "2026-11-24 04:00:00"
    assert clock("2026-07-24T03:00:00.123456Z") == "05:00:00"
    assert local(None) == ""
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2026-11-24T12:00:00Z", "0 seconds ago"),
        ("2026-11-24T11:59:59Z", "1 second ago"),
        ("2026-11-24T11:58:01Z", "1 minute ago"),
        ("2026-11-24T09:00:00Z", "3 hours ago"),
        ("2026-11-20T12:00:00Z", "4 days ago"),
        ("2026-11-24T14:00:00Z", "in 2 hours"),
    ],
)
def test_how_far_a_moment_is(moment: str, text: str) -> None:
    assert ago(moment, NOON) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0.0042, "0.004 s"), (0.31, "0.31 s"), (2.0, "2 s"), (59.6, "1 min 0 s"), (7500, "2 h 5 min")],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert took(seconds) == text


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("list --json", "--json list"),
        ("list --site x", "--site x list"),
        ("list --site=x --no-color", "--site=x --no-color list"),
        ("--json run-now a --wait", "--json run-now a --wait"),
        ("show -- --json", "show -- --json"),
        ("list --site", "--site list"),
        ("set a name=--json", "set a name=--json"),
        ("", ""),
    ],
)
def test_global_options_may_stand_behind_the_command(given: str, meant: str) -> None:
    assert hoisted(given.split()) == meant.split()


def test_every_outcome_has_an_exit_code() -> None:
    assert set(EXIT_CODES) == set(OUTCOMES)
    assert EXIT_CODES["succeeded"] == EXIT_CODES["warned"] == 0


def test_references_are_quoted_for_the_shell() -> None:
    assert reference({"name": "checkdata"}) == "checkdata"
    assert reference({"name": "Make invoices; rm -rf ~"}) == "'Make invoices; rm -rf ~'"


@pytest.mark.parametrize(
    ("state", "message", "text"),
    [
        ("succeeded", "", "Job 12 of checkdata succeeded after 0.31 s"),
        ("warned", "no mail", "Job 12 of checkdata ended with a warning after 0.31 s: no mail"),
        ("failed", "ValueError: x", "Job 12 of checkdata failed after 0.31 s: ValueError: x"),
        ("timed_out", "", "Job 12 of checkdata timed out after 0.31 s"),
        ("out_of_memory", "", "Job 12 of checkdata ran out of memory after 0.31 s"),
        ("cancelled", "killed by robin", "Job 12 of checkdata was cancelled after 0.31 s: killed by robin"),
    ],
)
def test_a_line_for_a_job(state: str, message: str, text: str) -> None:
    job = {"id": 12, "task_name": "checkdata", "state": state, "outcome": state, "duration": 0.31, "message": message}
    assert ending(job) == text
