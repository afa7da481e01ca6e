"""The methods that run tasks, end jobs, and follow logs."""

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from linod.control.client import CallFailed, Client
from linod.jobs import State
from tests.control.daemon import Daemon
from tests.control.test_changing import changes


def test_a_request_is_answered_with_the_job_it_became(daemon: Daemon, client: Client, tmp_path: Path) -> None:
    reply = client.call("RunNow", task="checkdata")

    assert reply["new"] is True
    assert reply["task"]["label"] == "System task #1 (checkdata)"
    assert reply["requested_at"] == "2026-11-24T03:00:00Z"
    assert reply["job"]["requested_by"] == "root"
    assert [job.id for job in daemon.jobs("checkdata")] == [reply["job"]["id"]]
    assert daemon.log[-1][0].endswith("requested to run System task #1 (checkdata)")
    assert [row["action"] for row in changes(tmp_path)] == ["run-now"]


def test_a_second_request_while_one_waits_is_the_first(daemon: Daemon, client: Client, tmp_path: Path) -> None:
    daemon.slots = 0
    first = client.call("RunNow", task="checkdata")
    daemon.clock.at += timedelta(seconds=5)
    second = client.call("RunNow", task="checkdata")

    assert (first["new"], second["new"]) == (True, False)
    assert first["job"] is second["job"] is None
    assert second["requested_at"] == first["requested_at"] == "2026-11-24T03:00:00Z"
    assert len(daemon.log) == len(changes(tmp_path)) == 1


def test_a_disabled_task_runs_on_request_and_stays_disabled(daemon: Daemon, client: Client) -> None:
    client.call("Disable", task="checkdata")
    reply = client.call("RunNow", task="checkdata")
    assert reply["job"] is not None
    assert reply["task"]["disabled"] is True
    daemon.end(reply["job"]["id"])
    assert daemon.task("checkdata").disabled


def test_a_level_for_one_run(daemon: Daemon, client: Client) -> None:
    assert client.call("RunNow", task="checkdata", log_level="debug")["job"]["log_level"] == "DEBUG"
    assert daemon.task("checkdata").log_level == "INFO"
    with pytest.raises(CallFailed, match="no logging level 'LOUD'; there are DEBUG, INFO"):
        client.call("RunNow", task="nightly", log_level="LOUD")


def test_wait_answers_when_the_job_has_ended(daemon: Daemon, client: Client) -> None:
    replies = client.call_more("RunNow", task="checkdata", wait=True)
    job = next(replies)["job"]["id"]
    daemon.say(job, "not shown to one who only waits")
    daemon.end(job, State.FAILED, "ValueError: x")

    (last,) = replies
    assert last["job"]["outcome"] == "failed"
    assert last["job"]["message"] == "ValueError: x"
    assert last["task"] is None


def test_wait_without_more_gives_one_reply(daemon: Daemon) -> None:
    with daemon.place.wire() as wire:
        wire.ask("RunNow", task="checkdata", wait=True)
        daemon.place.loop.until(lambda: bool(daemon.running()))
        daemon.end(daemon.running()[0].job.id)
        reply = wire.reply()
    assert "continues" not in reply
    assert reply["parameters"]["task"]["name"] == "checkdata"
    assert reply["parameters"]["job"]["outcome"] == "succeeded"


def test_wait_for_a_request_that_waits_itself(daemon: Daemon, client: Client) -> None:
    daemon.slots = 0
    replies = client.call_more("RunNow", task="checkdata", wait=True)
    assert next(replies)["job"] is None
    job = daemon.claim("checkdata")
    daemon.end(job.id, State.WARNED, "no mail")
    assert next(replies)["job"]["message"] == "no mail"


def test_follow_hands_on_each_record_and_then_the_end(daemon: Daemon, client: Client) -> None:
    replies = client.call_more("RunNow", task="checkdata", follow=True)
    job = next(replies)["job"]["id"]
    daemon.say(job, "one")
    daemon.say(job, "two\nlines", logging.WARNING)
    assert next(replies)["record"] == {
        "job": job,
        "task": "checkdata",
        "time": "2026-11-24T03:00:00Z",
        "level": "INFO",
        "text": "one",
    }
    second = next(replies)["record"]
    assert (second["level"], second["text"]) == ("WARNING", "two\nlines")
    daemon.end(job)
    assert next(replies)["job"]["outcome"] == "succeeded"
    assert list(replies) == []


@pytest.mark.parametrize("method", ["RunNow", "GetLog"])
def test_follow_needs_a_caller_that_takes_several_replies(daemon: Daemon, client: Client, method: str) -> None:
    with pytest.raises(CallFailed, match="ExpectedMore"):
        client.call(method, task="checkdata", follow=True)
    assert daemon.jobs() == []


def test_a_follower_that_goes_away_is_forgotten(daemon: Daemon, client: Client) -> None:
    with daemon.place.client() as second:
        next(second.call_more("RunNow", task="checkdata", follow=True))
        assert daemon.followers == 1
    daemon.place.loop.until(lambda: daemon.followers == 0)
    assert client.call("ShowTask", task="checkdata")["job"]["outcome"] is None  # the job goes on


def test_a_stop_is_told_to_those_who_wait(daemon: Daemon, client: Client) -> None:
    replies = client.call_more("RunNow", task="checkdata", wait=True)
    next(replies)
    daemon.place.stop()
    with pytest.raises(CallFailed, match="linod is stopping") as failed:
        next(replies)
    assert failed.value.name == "Stopping"
    assert daemon.followers == 0


def test_cancel_run_cancels_and_leaves_the_schedule(daemon: Daemon, client: Client, tmp_path: Path) -> None:
    daemon.slots = 0
    before = daemon.task("checkdata")
    client.call("RunNow", task="checkdata")
    with daemon.place.client() as second:
        waiting = second.call_more("RunNow", task="checkdata", wait=True)
        next(waiting)

        reply = client.call("CancelRun", task="checkdata")

        assert reply["job"]["state"] == "cancelled"
        assert next(waiting)["job"]["id"] == reply["job"]["id"]
    after = daemon.task("checkdata")
    assert after.requested_at is None
    assert (after.next_due, after.last_start_time, after.disabled) == (
        before.next_due,
        before.last_start_time,
        before.disabled,
    )
    assert [row["action"] for row in changes(tmp_path)] == ["run-now", "cancel-run"]
    assert daemon.log[-1][0].endswith("cancelled the request to run System task #1 (checkdata)")


def test_what_was_not_requested_cannot_be_cancelled(daemon: Daemon, client: Client, tmp_path: Path) -> None:
    with pytest.raises(CallFailed, match="no request to run it waits") as failed:
        client.call("CancelRun", task="checkdata")
    assert failed.value.name == "NotRequested"
    job = client.call("RunNow", task="checkdata")["job"]["id"]
    with pytest.raises(CallFailed, match=f"runs already, as job {job}, and only `kill` ends that"):
        client.call("CancelRun", task="checkdata")
    assert [row["action"] for row in changes(tmp_path)] == ["run-now"]


def test_kill_by_task_and_by_job(daemon: Daemon, client: Client, tmp_path: Path) -> None:
    first = client.call("RunNow", task="checkdata")["job"]["id"]
    second = client.call("RunNow", task="nightly")["job"]["id"]

    assert client.call("Kill", task="checkdata")["job"]["id"] == first
    assert client.call("Kill", job=second)["job"]["id"] == second
    again = client.call("Kill", job=second)
    assert (again["job"]["id"], again["reason"], again["new"]) == (second, "killed by root", False)

    assert daemon.killed == [(first, "killed by root"), (second, "killed by root"), (second, "killed by root")]
    assert [row["action"] for row in changes(tmp_path)][2:] == ["kill", "kill"]
    assert daemon.log[-1][0].endswith(f"killed job {second} of System task #4 (nightly)")


def test_only_what_runs_can_be_killed(daemon: Daemon, client: Client) -> None:
    with pytest.raises(CallFailed, match="does not run") as failed:
        client.call("Kill", task="checkdata")
    assert failed.value.name == "NotRunning"
    with pytest.raises(CallFailed, match="no job 99"):
        client.call("Kill", job=99)
    job = client.call("RunNow", task="checkdata")["job"]["id"]
    daemon.end(job)
    with pytest.raises(CallFailed, match="does not run; it ended succeeded"):
        client.call("Kill", job=job)
    for parameters in ({}, {"task": "checkdata", "job": job}):
        with pytest.raises(CallFailed, match="a task or a job"):
            client.call("Kill", **parameters)
    assert daemon.killed == []


def ran(daemon: Daemon, client: Client, name: str, *lines: str) -> int:
    job: int = client.call("RunNow", task=name)["job"]["id"]
    for line in lines:
        daemon.say(job, line)
    daemon.end(job)
    return job


def logs(reply: dict[str, object]) -> list[str]:
    jobs = reply["jobs"]
    assert isinstance(jobs, list)
    return [job["log"] for job in jobs]


def test_the_log_of_a_task_is_that_of_its_last_job(daemon: Daemon, client: Client) -> None:
    assert client.call("GetLog", task="checkdata")["jobs"] == []
    ran(daemon, client, "checkdata", "old")
    ran(daemon, client, "checkdata", "a", "b", "c")
    ran(daemon, client, "nightly", "other")

    reply = client.call("GetLog", task="checkdata")
    assert logs(reply) == ["04:00:00 INFO a\n04:00:00 INFO b\n04:00:00 INFO c"]
    assert reply["journal"] is True


def test_the_last_lines_come_from_as_many_jobs_as_it_takes(daemon: Daemon, client: Client) -> None:
    first = ran(daemon, client, "checkdata", "a", "b", "c")
    ran(daemon, client, "nightly", "x", "y")
    client.call("RunNow", task="checkdata")
    daemon.say(daemon.running()[0].job.id, "now")

    every = client.call("GetLog")
    assert [job["id"] for job in every["jobs"]] == [1, 2, 3]
    assert logs(client.call("GetLog", lines=4)) == ["04:00:00 INFO c", *logs(every)[1:]]
    assert logs(client.call("GetLog", task="checkdata", lines=2)) == ["04:00:00 INFO c", "04:00:00 INFO now"]
    assert logs(client.call("GetLog", job=first, lines=1)) == ["04:00:00 INFO c"]
    assert client.call("GetLog", lines=0)["jobs"] == []
    with pytest.raises(CallFailed, match="no job 99"):
        client.call("GetLog", job=99)
    with pytest.raises(CallFailed, match="not both"):
        client.call("GetLog", job=first, task="checkdata")


def test_following_a_job_gives_what_it_logged_and_what_it_logs_until_its_end(daemon: Daemon, client: Client) -> None:
    job = client.call("RunNow", task="checkdata")["job"]["id"]
    daemon.say(job, "before")
    replies = client.call_more("GetLog", job=job, follow=True)
    assert logs(next(replies)) == ["04:00:00 INFO before"]
    daemon.say(job, "after")
    assert next(replies)["record"]["text"] == "after"
    daemon.end(job)
    assert next(replies)["job"]["outcome"] == "succeeded"
    assert list(replies) == []


def test_following_a_job_that_has_ended_gives_its_log_and_ends(daemon: Daemon, client: Client) -> None:
    job = ran(daemon, client, "checkdata", "a")
    (only,) = client.call_more("GetLog", job=job, follow=True)
    assert logs(only) == ["04:00:00 INFO a"]


@pytest.mark.parametrize("task", ["checkdata", None])
def test_following_a_task_goes_on_from_job_to_job(daemon: Daemon, client: Client, task: str | None) -> None:
    ran(daemon, client, "checkdata", "a")
    with daemon.place.client() as second:
        replies = second.call_more("GetLog", task=task, follow=True)
        assert logs(next(replies)) == ["04:00:00 INFO a"]
        for line in ("b", "c"):
            job = ran(daemon, client, "checkdata", line)
            record = next(replies)["record"]
            assert (record["job"], record["task"], record["text"]) == (job, "checkdata", line)
            assert next(replies)["job"]["id"] == job
    daemon.place.loop.until(lambda: daemon.followers == 0)
