"""`linod-ctl show-job`, `changes` and `jobs` with a span: what somebody reads who got up at night."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from linod.cli.ctl.showjob import signal_words, size
from linod.control.client import CallFailed, Client
from linod.control.interface import METHODS, TYPES
from linod.jobs import Outcome, State, Usage
from linod.recurrence import Passed
from linod.tasks import NOTHING_TO_PLAN
from tests.control.command import Ctl
from tests.control.daemon import NOW, Daemon
from tests.control.test_ctl import words

TRACEBACK = """Traceback (most recent call last):
  File "/srv/site/checkdata.py", line 7, in checkdata
    check(voucher)
ValueError: bad voucher 17"""


@pytest.fixture
def ctl(daemon: Daemon, tmp_path: Path) -> Ctl:
    return Ctl(tmp_path, daemon.place.control)


def run(daemon: Daemon, client: Client, task: str = "checkdata", outcome: Outcome | None = None, **how: Any) -> int:
    """A whole job that was requested; returns its id."""
    job: int = client.call("RunNow", task=task)["job"]["id"]
    finish(daemon, job, outcome or Outcome(State.SUCCEEDED), **how)
    return job


def finish(daemon: Daemon, job: int, outcome: Outcome, seconds: float = 12) -> None:
    if outcome.traceback:
        daemon.say(job, outcome.traceback, 40)
    daemon.place.loop.run(daemon._end(job, outcome, seconds))


def facts(text: str) -> dict[str, str]:
    """The named lines, those that go on put together."""
    found: dict[str, str] = {}
    name = ""
    for line in text.split("\n\n")[0].splitlines()[1:]:
        head, colon, value = line.partition(": ")
        if colon and head.strip().isalpha():
            name = head.strip()
            found[name] = value
        else:
            found[name] += " " + line.strip()
    return found


def test_a_job_that_failed_says_why_and_what_is_to_do(daemon: Daemon, client: Client, ctl: Ctl) -> None:
    for _ in range(3):
        run(daemon, client)
    usage = Usage(1.5, 212 << 20, 3_100_000, 12_000, 3)
    job = run(
        daemon,
        client,
        outcome=Outcome(State.FAILED, "ValueError: bad voucher 17", TRACEBACK, 1, usage=usage),
        seconds=200,
    )

    out = ctl.said("show-job", str(job))

    assert out.startswith("Job 4 of checkdata failed after 3 min 20 s\n")
    told = facts(out)
    assert told["Task"] == "checkdata (linod.SystemTask:1), procedure checkdata"
    assert told["Why"] == "requested by root at 2026-11-24 04:00:36"
    assert (told["Queued"], told["Started"]) == ("2026-11-24 04:00:36", "2026-11-24 04:00:36")
    assert told["Took"] == "3 min 20 s; usually 12 s, the median of 3 before it that succeeded"
    assert told["Outcome"] == (
        "its procedure raised an exception: ValueError: bad voucher 17; its process ended with exit code 1"
    )
    assert told["Used"] == (
        "1.5 s of CPU time, 212 MiB of memory at most, 2.96 MiB read, 11.7 KiB written, 3 processes at once"
    )
    assert told["Next"] == (
        "nothing before somebody has looked: the task is disabled by this failure. Once the cause is gone: "
        "linod-ctl enable checkdata"
    )
    assert out.count(TRACEBACK) == 1  # and not once more at the end of the log
    assert out.rstrip().endswith("All of it: journalctl LINOD_SITE=linod LINOD_JOB=4")


def test_the_memory_is_told_with_its_limit(daemon: Daemon, client: Client, ctl: Ctl) -> None:
    client.call("SetTask", task="checkdata", columns={"memory_max": "512M", "timeout": "90s"})
    gone = Outcome(State.OUT_OF_MEMORY, "used 512M, its memory_max", exit_signal=9, usage=Usage(memory_peak=512 << 20))
    told = facts(ctl.said("show-job", str(run(daemon, client, outcome=gone))))
    assert told["Used"].startswith("512 MiB of memory at most of the 512M that memory_max allows")
    assert "not counted: cpu seconds, bytes read" in told["Used"]
    assert told["Outcome"] == (
        "it ran out of memory: used 512M, its memory_max; its process was ended by SIGKILL (Killed)"
    )
    late = Outcome(State.TIMED_OUT, exit_signal=15)
    told = facts(ctl.said("show-job", str(run(daemon, client, outcome=late))))
    assert told["Outcome"].startswith(
        "it took too long and was ended: its timeout is 1min 30s; its process was ended by"
    )


def test_what_nobody_counted_is_said_with_the_reason(daemon: Daemon, client: Client, ctl: Ctl) -> None:
    job = str(run(daemon, client))
    assert facts(ctl.said("show-job", job))["Used"] == "not counted"
    daemon.tell_of(limits_problem="Jobs have no control groups: no systemd")
    assert facts(ctl.said("show-job", job))["Used"] == "not counted: Jobs have no control groups: no systemd"


def test_a_running_job_says_how_far_it_is(daemon: Daemon, client: Client, ctl: Ctl) -> None:
    job = client.call("RunNow", task="checkdata")["job"]["id"]
    daemon.say(job, "half of it is done")
    daemon.progress(job, 5, 10)
    daemon.clock.at += timedelta(seconds=70)

    out = ctl.said("show-job", str(job))

    told = facts(out)
    assert told["Took"].startswith("1 min 10 s so far; no job of this task has succeeded before it")
    assert (told["Outcome"], told["Used"], told["Progress"]) == ("it runs", "counted at its end", "5 of 10")
    assert told["Next"] == "it runs now"
    assert "Its log:\n04:00:00 INFO half of it is done\n" in out
    other = run(daemon, client, "nightly")
    assert facts(ctl.said("show-job", str(other)))["Next"] == (
        "nothing: never: it runs on request only. To run it now: linod-ctl run-now nightly"
    )


def test_a_request_that_was_cancelled_and_a_task_that_somebody_disabled(
    daemon: Daemon, client: Client, ctl: Ctl
) -> None:
    daemon.slots = 0
    client.call("RunNow", task="checkdata")
    job = client.call("CancelRun", task="checkdata")["job"]["id"]
    client.call("Disable", task="checkdata")

    told = facts(ctl.said("show-job", str(job)))

    assert told["Outcome"] == "it did not run: The request was cancelled by root"
    assert "Used" not in told and "Started" not in told
    assert told["Next"].startswith("nothing: the task was disabled by root, 2026-11-24 04:00:00 (")
    assert told["Next"].endswith("To let it run by its schedule: linod-ctl enable checkdata")


def test_slots_that_were_missed(daemon: Daemon, client: Client, ctl: Ctl) -> None:
    task = daemon.task("checkdata")
    due = NOW - timedelta(days=3)
    daemon.run(lambda: daemon.store.plan(task, due))
    slots = Passed(due, NOW - timedelta(days=1), 3)
    row = task._replace(next_due=due)
    daemon.run(lambda: daemon.store.miss(row, slots, NOW + timedelta(hours=1), NOW, "Missed 3 slots: linod was down"))

    told = facts(ctl.said("show-job", "1"))

    assert told["Why"] == "its 3 slots from 2026-11-21 04:00:00 to 2026-11-23 04:00:00"
    assert told["Outcome"] == "it did not run: Missed 3 slots: linod was down"
    assert told["Next"].startswith("its slot of 2026-11-24 05:00:00 (")


def test_what_comes_next_of_each_kind(daemon: Daemon, client: Client) -> None:
    job = run(daemon, client, "nightly")

    def coming() -> dict[str, Any]:
        found: dict[str, Any] = client.call("ShowJob", job=job)["next"]
        return found

    daemon.run(lambda: daemon.store.plan(daemon.store.find("nightly")[0], NOTHING_TO_PLAN))
    assert (coming()["what"], coming()["reason"]) == ("nothing", "never: it runs on request only")
    again = (
        "UPDATE linod_systemtask SET retried_job = ?, next_due = '2026-11-24 03:30:00.000000' WHERE name = 'nightly'"
    )
    daemon.run(lambda: daemon.store._db.execute_sql(again, (job,)))
    assert (coming()["what"], coming()["job"], coming()["at"]) == ("retry", job, "2026-11-24T03:30:00Z")
    daemon.slots = 0
    client.call("RunNow", task="nightly")
    assert (coming()["what"], coming()["reason"]) == ("request", "root")
    daemon.slots = 1
    second = daemon.claim("nightly").id
    assert (coming()["what"], coming()["job"]) == ("running", second)
    finish(daemon, second, Outcome(State.FAILED, "x"))
    assert (coming()["what"], coming()["job"]) == ("failed", second)
    client.call("Enable", task="nightly")
    client.call("SetTask", task="nightly", columns={"disabled": "yes"})
    assert (coming()["what"], coming()["reason"], coming()["at"]) == ("disabled", "root", "2026-11-24T03:00:24Z")
    daemon.loaded = []
    assert (coming()["what"], coming()["reason"]) == ("cannot", "its procedure is gone")
    client.call("RemoveTask", task="nightly")
    assert (coming()["what"], coming()["reason"]) == ("removed", "root")


def test_attempts_are_told_with_their_jobs(daemon: Daemon, client: Client, ctl: Ctl) -> None:
    client.call("SetTask", task="checkdata", columns={"on_failure": "retry", "retries": 3})
    task = daemon.task("checkdata")
    at = NOW - timedelta(hours=1)
    for state in ("failed", "succeeded"):
        daemon.run(
            lambda state=state: daemon.store._db.execute_sql(  # type: ignore[misc]
                "INSERT INTO linod_job (kind, task_id, task_name, procedure, state, slot, attempt, log_level, node, "
                "boot_id, claimed_at, started_at, ended_at, message, traceback, log, log_lines, log_dropped) "
                "SELECT ?, ?, 'checkdata', 'checkdata', ?, ?, COUNT(*) + 1, 'INFO', '', '', ?, ?, ?, '', '', '', 0, 0 "
                "FROM linod_job",
                (task.kind, task.id, state, *["2026-11-24 02:00:00.000000"] * 4),
            )
        )
    assert at.hour == 2
    reply = client.call("ShowJob", job=2)
    assert [(one["job"], one["attempt"], one["state"]) for one in reply["attempts"]] == [
        (1, 1, "failed"),
        (2, 2, "succeeded"),
    ]
    assert reply["allowed"] == {"attempts": 4, "timeout": None, "memory_max": None}
    told = facts(ctl.said("show-job", "2"))
    assert told["Attempt"] == "2 of 4; attempt 1 was job 1, failed"
    assert told["Why"] == "its slot of 2026-11-24 03:00:00"
    assert words(ctl.said("jobs").splitlines()[1]) == "Job Task Outcome Attempt Started Took Requested by Message"


def test_a_job_that_is_not_there(daemon: Daemon, client: Client, ctl: Ctl) -> None:
    assert "the ledger has no job 7; no job has run yet" in ctl.refused("show-job", "7", code=1)
    for _ in range(3):
        run(daemon, client)
    assert "the ledger has no job 7; the last one is 3" in ctl.refused("show-job", "7", code=1)
    daemon.run(lambda: daemon.store._db.execute_sql("DELETE FROM linod_job WHERE id = 1"))
    assert "no job 1; old ones leave it, as keep_days and keep_jobs say" in ctl.refused("show-job", "1", code=1)
    with pytest.raises(CallFailed) as failed:
        client.call("ShowJob", job=0)
    assert failed.value.parameters["last"] == 3
    assert "Invalid value" in ctl.refused("show-job", "x", code=2)


def test_the_reply_has_the_keys_that_are_documented(daemon: Daemon, client: Client, ctl: Ctl) -> None:
    reply = ctl.json("show-job", str(run(daemon, client)))
    assert set(reply) == set(METHODS["ShowJob"].gives)
    for key, name in (("next", "Next"), ("allowed", "Allowed")):
        assert set(reply[key]) == set(TYPES[name])
    assert set(reply["attempts"][0]) == set(TYPES["Attempt"])
    second = ctl.json("show-job", str(run(daemon, client)))
    assert second["usual"] == {"seconds": 12.0, "jobs": 1}
    assert set(ctl.json("changes")["changes"][0]) == set(TYPES["Change"])


def test_a_long_log_is_shown_by_its_end(daemon: Daemon, client: Client, ctl: Ctl) -> None:
    job = client.call("RunNow", task="checkdata")["job"]["id"]
    for number in range(700):
        daemon.say(job, f"line {number}")
    finish(daemon, job, Outcome(State.SUCCEEDED))

    out = ctl.said("show-job", str(job))

    assert "The last 20 lines of its log (700 records):\n04:00:00 INFO line 680\n" in out
    assert "INFO line 699\n\nMore of it: linod-ctl log --job 1\nAll of it: journalctl LINOD_SITE=" in out
    daemon.tell_of(log="stderr")
    assert "journalctl" not in ctl.said("show-job", str(job))


def test_it_fits_a_narrow_terminal_in_colours_and_without(daemon: Daemon, client: Client, ctl: Ctl) -> None:
    job = str(run(daemon, client, outcome=Outcome(State.FAILED, "ValueError: " + "bad voucher " * 20, TRACEBACK, 1)))

    coloured = ctl.on_terminal("show-job", job)
    plain = ctl.on_terminal("show-job", job, NO_COLOR="1")

    assert coloured.startswith("\x1b[31mJob 1 of checkdata failed after 12 s\x1b[0m")
    assert "\x1b" not in plain
    assert max(len(line) for line in plain.splitlines()) <= 80
    assert plain.splitlines()[-3:] == coloured.splitlines()[-3:]


def test_jobs_of_a_span_and_the_page_after_it(daemon: Daemon, client: Client, ctl: Ctl) -> None:
    for _ in range(4):
        run(daemon, client)
        daemon.clock.at += timedelta(hours=1)

    def listed(*words: str) -> list[int]:
        return [job["id"] for job in ctl.json("jobs", *words)["jobs"]]

    assert listed("--since", "2026-11-24 05:00") == [4, 3, 2]
    assert listed("--since", "2026-11-24 05:00", "--until", "2026-11-24 06:00") == [2]
    assert listed("checkdata", "--outcome", "succeeded", "--until=2026-11-24T04:30:00Z") == [2, 1]
    assert listed("--since", "-1h") == [] == listed("--since", "tomorrow")
    done = ctl("jobs", "-n", "2")
    assert done.stderr == "There are older ones: --before 3, or -n for more of them\n"
    assert listed("-n", "2", "--before", "3") == [2, 1]
    assert ctl("jobs", "-n", "2", "--before", "3").stderr == ""
    assert "'soon' is not a moment such as" in ctl.refused("jobs", "--since", "soon", code=2)
    narrow = ctl.on_terminal("jobs", NO_COLOR="1")
    assert "11-24 07:00" in narrow or "2026-11-24" in narrow  # whole, in 80 columns


def test_changes_are_told_whole(daemon: Daemon, client: Client, ctl: Ctl) -> None:
    client.call("SetTask", task="checkdata", columns={"every": "5", "start_time": "04:00", "log_level": "DEBUG"})
    client.call("Disable", task="nightly")
    client.call("SetTask", task="nightly", columns={"timeout": "90s", "memory_max": "infinity"})

    out = ctl.said("changes").splitlines()

    assert "timeout: none → 1min 30s" in out.pop(3) and "memory_max: none → infinity" in ctl.said("changes")

    assert words(out[1]) == "Id When Who What Task Change"
    assert words(out[3]).startswith("2 2026-11-24 04:00:00 root (0:0) disable nightly disabled: no → yes")
    changed = "every: 1 → 5, log_level: INFO → DEBUG, start_time: none → 04:00:00"
    assert changed in out[4]
    narrow = ctl.on_terminal("changes", "checkdata", NO_COLOR="1").splitlines()
    assert narrow == ["1  2026-11-24 04:00:00  root (0:0)  set  checkdata", f"    {changed}"]
    assert json.loads(ctl.said("changes", "--json"))["changes"][-1]["after"]["every"] == 5
    assert ctl.said("changes", "--since", "now") == "No data to display\n"


def test_words_of_sizes_and_signals() -> None:
    assert [size(count) for count in (0, 1023, 1024, 3_100_000, 5 << 30, 1020 << 20)] == [
        "0 bytes",
        "1023 bytes",
        "1 KiB",
        "2.96 MiB",
        "5 GiB",
        "1020 MiB",
    ]
    assert signal_words(11) == "SIGSEGV (Segmentation fault)"
    assert signal_words(50) == "signal 50"
