"""The command `linod-ctl`, run as a process against a real socket."""

import json
import signal
from pathlib import Path

import pytest

from linod.jobs import State
from tests.control.command import Ctl, lines
from tests.control.daemon import BROKEN, PROCEDURES, Daemon, Finding, PluginReport
from tests.control.place import DEADLINE


@pytest.fixture
def ctl(daemon: Daemon, tmp_path: Path) -> Ctl:
    return Ctl(tmp_path, daemon.place.control)


def words(line: str) -> str:
    """A line of a table, whatever the widths of its columns."""
    return " ".join(line.split())


def test_list_shows_the_page_s_table(daemon: Daemon, ctl: Ctl) -> None:
    daemon.loaded = PROCEDURES[:3]
    out = ctl.said("list").splitlines()
    assert words(out[1]) == "No. Name Logging level Disabled Status Background procedure"
    assert words(out[3]) == "1 checkdata INFO No Scheduled to run asap checkdata"
    assert "Cannot run: its procedure is gone" in out[6]
    assert len(ctl.json("list")["tasks"]) == 4


def test_show(daemon: Daemon, ctl: Ctl) -> None:
    daemon.end(daemon_job(ctl, "checkdata"), State.FAILED, "ValueError: x")
    out = ctl.said("show", "checkdata")
    assert out.startswith("System task #1 (checkdata)\n")
    assert "  Recurrence: every=1 every_unit=daily start_date=2026-11-24\n" in out.replace("   ", " ").replace(
        "  R", "  R"
    )
    assert "When: Every day" in out
    assert "Disabled: Yes" in out
    assert "Job 1 of checkdata failed after 0.31 s: ValueError: x" in out
    assert ctl.json("show", "#1")["task"]["id"] == 1


def test_show_says_where_each_policy_comes_from(daemon: Daemon, ctl: Ctl) -> None:
    daemon.defaults = {"timeout": 3600, "missed": "skip"}
    assert "missed=once, memory_max=512M. Scheduled" in ctl.said("set", "checkdata", "missed=once", "memory_max=512M")
    lines = [words(line) for line in ctl.said("show", "checkdata").splitlines()]
    assert "missed: once, says the task" in lines
    assert "memory_max: 512M, says the task" in lines
    assert "timeout: 1h, says [defaults] of the settings" in lines
    assert "overlap: skip, says linod" in lines
    policy = ctl.json("show", "checkdata")["policy"]
    assert policy["missed"] == {"value": "once", "source": "task"}
    assert policy["timeout"] == {"value": 3600, "source": "settings"}
    assert policy["retries"] == {"value": 3, "source": "linod"}
    assert "missed=default" in ctl.said("set", "checkdata", "missed=none")


def daemon_job(ctl: Ctl, task: str) -> int:
    job: int = ctl.json("run-now", task)["job"]["id"]
    return job


def test_run_now_says_what_it_requested_and_how_to_follow_it(ctl: Ctl) -> None:
    assert ctl.said("run-now", "checkdata").splitlines() == [
        "Requested to run asap: System task #1 (checkdata).",
        "Follow it: linod-ctl log -f --job 1",
    ]


def test_run_now_of_what_waits_already(daemon: Daemon, ctl: Ctl) -> None:
    daemon.slots = 0
    assert "Follow it: linod-ctl log -f checkdata" in ctl.said("run-now", "checkdata")
    again = ctl.said("run-now", "checkdata")
    assert again.startswith("Requested already, at 2026-11-24 04:00:00 by root: System task #1 (checkdata).")


def test_run_now_of_a_disabled_task_says_that_it_stays_disabled(ctl: Ctl) -> None:
    ctl.said("disable", "checkdata")
    out = ctl.said("run-now", "checkdata")
    assert "It is disabled: it runs once and stays disabled. To enable it: linod-ctl enable checkdata" in out


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (State.SUCCEEDED, 0),
        (State.WARNED, 0),
        (State.FAILED, 10),
        (State.TIMED_OUT, 11),
        (State.OUT_OF_MEMORY, 12),
        (State.CANCELLED, 13),
        (State.INTERRUPTED, 14),
    ],
)
def test_wait_ends_with_the_outcome(daemon: Daemon, ctl: Ctl, state: State, code: int) -> None:
    process = ctl.start("run-now", "checkdata", "--wait")
    daemon.place.loop.until(lambda: bool(daemon.running()))
    daemon.end(1, state, "because")
    out, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == code, err
    assert out.startswith("Requested to run asap: System task #1 (checkdata).\nJob 1 of checkdata ")
    assert ("See why: linod-ctl show-job 1" in out) == (code != 0)


def test_follow_shows_the_log_live(daemon: Daemon, ctl: Ctl) -> None:
    process = ctl.start("run-now", "checkdata", "--follow", "--log-level", "DEBUG")
    daemon.place.loop.until(lambda: bool(daemon.running()))
    assert daemon.running()[0].job.log_level == "DEBUG"
    daemon.say(1, "Run 1 data checkers on 110 Vouchers...")
    assert lines(process, 2)[1] == "04:00:00 INFO Run 1 data checkers on 110 Vouchers..."
    daemon.end(1)
    assert lines(process, 1) == ["Job 1 of checkdata succeeded after 0.31 s"]
    assert process.wait(DEADLINE) == 0
    process.communicate()


def test_several_tasks_are_requested_at_once_and_waited_for(daemon: Daemon, ctl: Ctl) -> None:
    process = ctl.start("run-now", "checkdata", "nightly", "--wait", "--json")
    daemon.place.loop.until(lambda: len(daemon.running()) == 2)
    daemon.end(2)
    daemon.end(1, State.FAILED, "x")
    out, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == 10
    replies = [json.loads(line) for line in out.splitlines()]
    assert [reply["job"]["state"] for reply in replies] == ["running", "running", "failed", "succeeded"]


def test_ctrl_c_while_waiting_leaves_the_job_alone(daemon: Daemon, ctl: Ctl) -> None:
    process = ctl.start("run-now", "checkdata", "--wait")
    assert lines(process, 1) == ["Requested to run asap: System task #1 (checkdata)."]
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 130
    assert err.strip() == "It goes on without you; see how: linod-ctl log -f checkdata"
    assert len(daemon.running()) == 1


def test_a_stop_of_linod_while_waiting(daemon: Daemon, ctl: Ctl) -> None:
    process = ctl.start("run-now", "checkdata", "--wait")
    assert lines(process, 1) == ["Requested to run asap: System task #1 (checkdata)."]
    daemon.place.stop()
    _, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 1
    assert "linod is stopping" in err


def test_cancel_run(daemon: Daemon, ctl: Ctl) -> None:
    daemon.slots = 0
    ctl.said("run-now", "checkdata")
    out = ctl.said("cancel-run", "checkdata")
    assert out == "Cancelled the request to run System task #1 (checkdata). Scheduled to run asap.\n"
    assert "no request to run it waits" in ctl.refused("cancel-run", "checkdata", code=1)


def test_enable_and_disable(daemon: Daemon, ctl: Ctl) -> None:
    assert ctl.said("disable", "checkdata", "nightly").splitlines() == [
        "Disabled System task #1 (checkdata). Disabled.",
        "Disabled System task #4 (nightly). Disabled.",
    ]
    assert ctl.said("disable", "checkdata") == "System task #1 (checkdata) was disabled already.\n"
    assert ctl.said("enable", "checkdata").startswith("Enabled System task #1 (checkdata). Scheduled to run")
    assert ctl.json("enable", "nightly")["changed"] is True
    daemon_job(ctl, "nightly")
    assert "Its job 1 runs on; to end it: linod-ctl kill nightly" in ctl.said("disable", "nightly")


def test_kill(daemon: Daemon, ctl: Ctl) -> None:
    job = daemon_job(ctl, "checkdata")
    assert ctl.said("kill", "checkdata").startswith(f"Ending job {job} of checkdata.")
    assert ctl.said("kill", "--job", str(job)).startswith(f"Job {job} of checkdata ends already: killed by root.")
    assert "does not run" in ctl.refused("kill", "nightly", code=1)
    assert "name a task, or a job" in ctl.refused("kill", code=2)
    assert len(daemon.killed) == 2


def test_set(ctl: Ctl) -> None:
    out = ctl.said("set", "checkdata", "every=2", "every_unit=weekly", "saturday=yes", "start_time=04:00")
    assert out.startswith(
        "Changed System task #1 (checkdata): every=2, every_unit=weekly, saturday=true, start_time=04:00"
    )
    assert ctl.said("set", "checkdata", "every=2") == "System task #1 (checkdata) is that way already.\n"
    assert "every" in ctl.refused("set", "checkdata", "evry=2", code=2)
    assert "not of the form column=value" in ctl.refused("set", "checkdata", "every", code=2)
    assert "at least one" in ctl.refused("set", "checkdata", code=2)
    assert ctl.json("set", "checkdata", "every=3")["changed"] == ["every"]


def test_add_and_remove(ctl: Ctl) -> None:
    out = ctl.said("add", "checkdata", "--name", "Check at night", "start_time=23:00")
    assert out.startswith("Added System task #5 (Check at night). Scheduled to run at 24.11.2026 23:00")
    assert "did you mean 'checkdata'" in ctl.refused("add", "chekdata", code=1)
    assert ctl.said("remove", "Check at night") == (
        "Removed System task #5 (Check at night); its jobs stay in the ledger.\n"
    )
    assert "there is no task" in ctl.refused("remove", "Check at night", code=4)


def test_what_does_not_exist_and_resembles_nothing(ctl: Ctl) -> None:
    """The error names the command that shows what there is, of the site that was asked."""
    assert "; `linod-ctl list` shows those there are" in ctl.refused("show", "qqq", code=4)
    assert "; `linod-ctl procedures` shows those there are" in ctl.refused("add", "qqq", code=1)
    assert "; `linod-ctl jobs` shows those there are" in ctl.refused("log", "--job", "99", code=1)


def test_jobs(daemon: Daemon, ctl: Ctl) -> None:
    assert ctl.said("jobs") == "No data to display\n"
    daemon.end(daemon_job(ctl, "checkdata"))
    daemon.end(daemon_job(ctl, "nightly"), State.FAILED, "ValueError: x")
    out = ctl.said("jobs").splitlines()
    assert words(out[1]) == "Job Task Outcome Started Took Requested by Message"
    assert words(out[3]) == "2 nightly failed 2026-11-24 04:00:00 0.31 s root ValueError: x"
    assert [job["id"] for job in ctl.json("jobs", "-n", "1")["jobs"]] == [2]
    assert [job["id"] for job in ctl.json("jobs", "--outcome", "succeeded,timed-out")["jobs"]] == [1]
    assert [job["id"] for job in ctl.json("jobs", "checkdata")["jobs"]] == [1]
    assert "no outcome" in ctl.refused("jobs", "--outcome", "nice", code=2)


def test_log(daemon: Daemon, ctl: Ctl) -> None:
    assert ctl.said("log", "checkdata") == "No job has run yet.\n"
    job = daemon_job(ctl, "checkdata")
    daemon.say(job, "Run 1 data checkers on 110 Vouchers...")
    daemon.end(job)
    done = ctl("log", "checkdata")
    assert done.stdout.splitlines() == [
        "-- Job 1 of checkdata succeeded after 0.31 s --",
        "04:00:00 INFO Run 1 data checkers on 110 Vouchers...",
    ]
    assert done.stderr == "The rest is in the journal: journalctl LINOD_JOB=1\n"
    daemon.end(daemon_job(ctl, "checkdata"))
    assert "journalctl LINOD_TASK=checkdata" in ctl("log", "checkdata", "-n", "9").stderr
    daemon.tell_of(log="stderr")
    assert "journalctl" not in ctl("log", "--job", "1").stderr
    assert "no job 9" in ctl.refused("log", "--job", "9", code=1)
    assert "not both" in ctl.refused("log", "--job", "9", "checkdata", code=2)


def test_log_follows_until_interrupted(daemon: Daemon, ctl: Ctl) -> None:
    daemon.tell_of(log="stderr")
    process = ctl.start("log", "-f")
    assert lines(process, 1) == ["No job has run yet."]
    daemon.say(daemon_job(ctl, "checkdata"), "one")
    daemon.end(1)
    assert lines(process, 2) == [
        "04:00:00 INFO checkdata: one",
        "-- Job 1 of checkdata succeeded after 0.31 s --",
    ]
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=DEADLINE) == ("", "")
    assert process.returncode == 130


def test_procedures_and_log_levels_as_on_the_page(daemon: Daemon, ctl: Ctl) -> None:
    daemon.loaded = [*PROCEDURES, BROKEN]
    out = ctl.said("procedures").splitlines()
    assert words(out[1]) == "value name text Task class Suggested recurrency"
    assert words(out[3]) == "checkdata checkdata checkdata linod.SystemTask every=1, every_unit=daily"
    assert out[-1] == "broken cannot run: my/plugin.py:7: takes no argument"
    assert ctl.said("log-levels").splitlines()[3:8] == [
        " DEBUG      DEBUG      10",
        " INFO       INFO       20",
        " WARNING    WARNING    30",
        " ERROR      ERROR      40",
        " CRITICAL   CRITICAL   50",
    ]


def test_status_when_all_is_well(ctl: Ctl) -> None:
    out = ctl.said("status").splitlines()
    assert out[:2] == ["Nothing needs your attention.", "linod 0.1.0 serves site linod: ready"]
    assert "     Tasks: 4 tasks, 0 of 4 job slots in use" in out
    assert "      Host: ready, PID 4712, 20 MiB, /usr/bin/python3" in out
    assert "  Settings: /etc/linod/linod.toml" in out
    assert ctl.said("status", "--check").startswith("OK: nothing needs attention, 4 tasks")
    assert ctl.json("status")["status"]["needs_human"] is False


def test_status_tells_first_what_needs_a_human(daemon: Daemon, ctl: Ctl) -> None:
    daemon.end(daemon_job(ctl, "checkdata"), State.FAILED, "ValueError: bad voucher 17")
    daemon.tell_of(
        plugins=(PluginReport("my.plugin", "", False, "ImportError: no x", "Traceback\nImportError: no x"),),
        findings=(Finding("other.plugin", "thread", "it left a thread running", "start it in the job"),),
        problems=("the journal is away",),
        host_state="away",
        host_problem="it was killed",
    )
    daemon.loaded = [*PROCEDURES[1:], BROKEN]

    out = ctl.said("status")

    for text in (
        "System task #1 (checkdata) is disabled by its failure since 2026-11-24 04:00:00",
        "    Job 1 of checkdata failed after 0.31 s: ValueError: bad voucher 17",
        "    See why: linod-ctl show-job 1",
        "    Once the cause is gone: linod-ctl enable checkdata",
        "Plugin my.plugin is left out: ImportError: no x\n    Traceback\n",
        "Plugin other.plugin: it left a thread running\n    start it in the job",
        "Procedure broken cannot run: my/plugin.py:7",
        "The host is away, so nothing runs: it was killed",
        "the journal is away",
    ):
        assert text in out
    assert out.index("disabled by its failure") < out.index("linod 0.1.0 serves site")
    check = ctl.said("status", "--check", code=1)
    assert "disabled by its failure" in check
    assert "serves site" not in check
    assert ctl.json("status", "--check", code=1)["status"]["failed"][0]["task"]["name"] == "checkdata"


def test_without_plugins_list_and_status_say_what_to_do(daemon: Daemon, ctl: Ctl) -> None:
    daemon.tell_of(plugins=())
    daemon.loaded = []
    for name in [procedure.name for procedure in PROCEDURES]:
        ctl.said("remove", name)
    for command in ("list", "status", "procedures"):
        out = ctl.said(command)
        assert "/etc/linod/linod.toml" in out
        assert 'plugins = ["my_package.my_plugin"]' in out
        assert 'the demo: plugins = ["linod.demo"]' in out
    assert ctl.json("list") == {"tasks": [], "total": 0, "more": False}


def test_an_unknown_task_suggests_near_ones(ctl: Ctl) -> None:
    err = ctl.refused("run-now", "chekdata", code=4)
    assert err.strip() == "linod-ctl: error: there is no task 'chekdata'; did you mean 'checkdata'?"


def test_move_and_duplicate(ctl: Ctl) -> None:
    assert ctl.said("move-up", "nightly", "-n", "2").strip() == "Moved up: System task #2 (nightly)."
    assert ctl.said("move-down", "nightly").strip() == "Moved down: System task #3 (nightly)."
    assert ctl.said("move-up", "checkdata").strip() == "System task #1 (checkdata) is first already."
    said = ctl.said("duplicate", "checkdata", "disabled=yes", "--name", "at night").strip()
    assert said == "Added System task #2 (at night). Disabled."
    assert ctl.json("duplicate", "checkdata")["task"]["name"] == "checkdata (copy)"
    ctl.refused("move-up", "nightly", "-n", "0", code=2)


def test_errors_are_json_too(ctl: Ctl) -> None:
    reply = ctl.json("show", "chekdata", code=4)
    assert reply["error"] == "org.linod.Control.NoSuchTask"
    assert reply["parameters"]["near"] == ["checkdata"]


def test_commands_name_the_site_that_was_given(ctl: Ctl) -> None:
    out = ctl.said("--site", "books", "run-now", "checkdata")
    assert "linod-ctl --site books log -f --job 1" in out


def test_colours_are_for_terminals(ctl: Ctl) -> None:
    assert "\x1b[" not in ctl.said("status")
    assert "\x1b[1mlinod 0.1.0" in ctl.on_terminal("status")
    assert "\x1b[" not in ctl.on_terminal("status", "--no-color")
    assert "\x1b[" not in ctl.on_terminal("status", NO_COLOR="1")


def test_tables_fit_the_terminal(ctl: Ctl) -> None:
    ctl.said("set", "nightly", "name=" + "x" * 100)
    assert max(map(len, ctl.on_terminal("list").splitlines())) <= 80
    assert max(map(len, ctl.said("list").splitlines())) > 100


def test_a_reader_that_goes_away_is_no_error(ctl: Ctl) -> None:
    process = ctl.start("log", "-f", "--json")
    assert process.stdout is not None
    process.stdout.close()
    ctl.said("run-now", "checkdata")
    process.wait(DEADLINE)
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
