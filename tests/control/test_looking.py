"""The methods that only look."""

from datetime import timedelta

import pytest

from linod.control.client import CallFailed, Client
from linod.control.interface import EXTRA
from linod.errors import DatabaseAway
from linod.jobs import Job, State
from linod.tasks import Task
from tests.control.daemon import BROKEN, NOW, PROCEDURES, AwayThread, Daemon, Finding, PluginReport


def test_tasks_come_in_their_order_with_all_columns(client: Client) -> None:
    reply = client.call("ListTasks")

    assert reply["total"] == len(PROCEDURES)
    assert [(task["seqno"], task["name"]) for task in reply["tasks"]] == [
        (number, procedure.name) for number, procedure in enumerate(PROCEDURES, 1)
    ]
    first = reply["tasks"][0]
    assert set(first) == set(Task._fields) | set(EXTRA["Task"])
    assert first["label"] == "System task #1 (checkdata)"
    assert first["status"] == "Scheduled to run asap"
    assert first["problem"] is None
    assert first["message"] is None
    assert first["log_level"] == "INFO"
    assert reply["tasks"][2]["log_level"] == "WARNING"
    assert first["start_date"] == "2026-11-24"
    assert first["next_due"] is None


def test_tasks_are_given_in_pages(client: Client) -> None:
    pages = [client.call("ListTasks", offset=offset, limit=3) for offset in (0, 3, 6)]

    assert [[task["id"] for task in page["tasks"]] for page in pages] == [[1, 2, 3], [4], []]
    assert all(page["total"] == 4 for page in pages)
    assert len(client.call("ListTasks", offset=-5, limit=-5)["tasks"]) == 1


@pytest.mark.parametrize("reference", ["checkdata", "1", "#1", "linod.SystemTask#1", "linod.SystemTask:1"])
def test_a_task_is_found_by_each_form_of_its_name(client: Client, reference: str) -> None:
    assert client.call("ShowTask", task=reference)["task"]["name"] == "checkdata"


def test_an_unknown_name_suggests_near_ones(client: Client) -> None:
    with pytest.raises(CallFailed) as failed:
        client.call("ShowTask", task="chekdata")
    assert failed.value.exit_code == 4
    assert failed.value.name == "NoSuchTask"
    assert failed.value.parameters["task"] == "chekdata"
    assert failed.value.parameters["near"][0] == "checkdata"
    assert "did you mean 'checkdata'" in str(failed.value)


@pytest.mark.parametrize("reference", ["", "#", "#99", "99", "no.Kind#1", "x" * 1000, "\0", "%", "'; drop table"])
def test_names_that_nothing_has(client: Client, reference: str) -> None:
    with pytest.raises(CallFailed) as failed:
        client.call("ShowTask", task=reference)
    assert failed.value.name == "NoSuchTask"


def test_a_name_that_fits_several_tasks_is_refused_with_the_list(client: Client) -> None:
    client.call("AddTask", procedure="checkdata", name="again")
    client.call("SetTask", task="again", columns={"name": "checkdata"})

    with pytest.raises(CallFailed) as failed:
        client.call("RunNow", task="checkdata")

    assert failed.value.name == "AmbiguousTask"
    assert failed.value.exit_code == 2
    assert failed.value.parameters["tasks"] == ["linod.SystemTask:1", "linod.SystemTask:5"]
    assert "linod.SystemTask:5 for System task #5 (checkdata)" in str(failed.value)


def test_a_task_is_shown_with_the_job_that_runs_or_its_last(daemon: Daemon, client: Client) -> None:
    assert client.call("ShowTask", task="checkdata")["job"] is None

    job = client.call("RunNow", task="checkdata")["job"]["id"]
    daemon.say(job, "Run 1 data checkers on 110 Vouchers...")
    daemon.progress(job, 40, 110)
    shown = client.call("ShowTask", task="checkdata")
    assert shown["task"]["status"].startswith("Running since 24.11.2026 04:00")
    assert shown["task"]["job_id"] == shown["job"]["id"] == job
    assert shown["job"]["outcome"] is None
    assert shown["job"]["progress"] == {"done": 40, "total": 110}
    assert shown["job"]["log"] == "04:00:00 INFO Run 1 data checkers on 110 Vouchers..."

    daemon.end(job, State.SUCCEEDED)
    shown = client.call("ShowTask", task="checkdata")
    assert shown["job"]["outcome"] == "succeeded"
    assert shown["job"]["duration"] == pytest.approx(0.31)
    assert shown["task"]["message"] == "04:00:00 INFO Run 1 data checkers on 110 Vouchers..."
    assert shown["task"]["last_end_time"] == "2026-11-24T03:00:00.310000Z"


def test_jobs_come_newest_first_and_can_be_chosen(daemon: Daemon, client: Client) -> None:
    for name, state in (("checkdata", State.SUCCEEDED), ("nightly", State.FAILED), ("checkdata", State.CANCELLED)):
        daemon.end(client.call("RunNow", task=name)["job"]["id"], state, "because" if state is State.FAILED else "")

    every = client.call("ListJobs")["jobs"]
    assert [job["task_name"] for job in every] == ["checkdata", "nightly", "checkdata"]
    assert set(every[0]) == set(Job._fields) | set(EXTRA["Job"])
    assert every[1]["message"] == "because"
    assert every[1]["log"] is every[1]["traceback"] is None
    assert every[1]["requested_by"] == "root"
    assert [job["id"] for job in client.call("ListJobs", task="checkdata")["jobs"]] == [3, 1]
    assert [job["id"] for job in client.call("ListJobs", states=["failed", "cancelled"])["jobs"]] == [3, 2]
    assert [job["id"] for job in client.call("ListJobs", limit=1, before=3)["jobs"]] == [2]
    with pytest.raises(CallFailed, match="'broken' is no outcome"):
        client.call("ListJobs", states=["broken"])


def test_one_job(daemon: Daemon, client: Client) -> None:
    job = client.call("RunNow", task="checkdata")["job"]["id"]
    daemon.say(job, "live")
    assert client.call("ShowJob", job=job)["job"]["log"] == "04:00:00 INFO live"
    daemon.end(job)
    assert client.call("ShowJob", job=job)["job"]["log"] == "04:00:00 INFO live"
    for unknown in (99, 0, -1, 2**63 - 1):
        with pytest.raises(CallFailed, match=f"no job {unknown}") as failed:
            client.call("ShowJob", job=unknown)
        assert failed.value.name == "NoSuchJob"


def test_procedures_and_what_is_wrong_with_them(daemon: Daemon, client: Client) -> None:
    daemon.loaded = [*PROCEDURES, BROKEN]

    found = client.call("ListProcedures")["procedures"]

    assert [one["name"] for one in found] == [*(one.name for one in PROCEDURES), "broken"]
    assert found[0] == {
        "name": "checkdata",
        "text": "checkdata",
        "plugin": "linod.demo",
        "class_name": "linod.SystemTask",
        "suggested": "every=1, every_unit=daily",
        "file": "",
        "line": 0,
        "problem": None,
    }
    assert found[-1]["problem"] == "my/plugin.py:7: takes no argument"


def test_before_the_host_has_loaded_nobody_knows_the_procedures(daemon: Daemon, client: Client) -> None:
    daemon.loaded = None
    with pytest.raises(CallFailed) as failed:
        client.call("ListProcedures")
    assert failed.value.name == "HostAway"
    assert client.call("ShowTask", task="checkdata")["task"]["problem"] is None


def test_a_task_whose_procedure_is_gone_says_so(daemon: Daemon, client: Client) -> None:
    daemon.loaded = PROCEDURES[1:]
    assert client.call("ShowTask", task="checkdata")["task"]["problem"] == "its procedure is gone"


def test_what_is_due_while_all_slots_are_taken_says_so(daemon: Daemon, client: Client) -> None:
    client.call("RunNow", task="nightly")
    assert client.call("ShowTask", task="checkdata")["task"]["status"] == "Scheduled to run asap"
    daemon.tell_of(max_jobs=1)
    waiting = "Waiting for a free slot since 24.11.2026 04:00 (now)"
    assert client.call("ShowTask", task="checkdata")["task"]["status"] == waiting
    listed = {task["name"]: task["status"] for task in client.call("ListTasks")["tasks"]}
    assert listed["checkdata"] == waiting
    assert listed["nightly"].startswith("Running since")


def test_log_levels(client: Client) -> None:
    levels = client.call("ListLogLevels")["log_levels"]
    assert [level["value"] for level in levels] == ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
    assert levels[2] == {"value": "WARNING", "text": "WARNING", "number": 30}


def test_names(client: Client) -> None:
    assert set(client.call("ListNames")["names"]) >= {procedure.name for procedure in PROCEDURES}


def test_status_when_nothing_needs_a_human(client: Client) -> None:
    status = client.call("GetStatus")["status"]

    assert status["needs_human"] is False
    assert status["state"] == "ready"
    assert status["since"] == "2026-11-24T01:00:00Z"
    assert status["counts"] == {"tasks": 4, "enabled": 4, "disabled": 0, "running": 0, "requested": 0}
    assert status["host"] == {
        "state": "ready",
        "pid": 4712,
        "python": "/usr/bin/python3",
        "size_kib": 20480,
        "problem": None,
    }
    assert [plugin["name"] for plugin in status["plugins"]] == ["linod.demo"]


def test_status_names_tasks_disabled_by_their_failure(daemon: Daemon, client: Client) -> None:
    job = client.call("RunNow", task="checkdata")["job"]["id"]
    assert client.call("GetStatus")["status"]["running"][0]["id"] == job
    daemon.end(job, State.FAILED, "ValueError: bad voucher 17")
    client.call("Disable", task="nightly")  # by an operator: that needs nobody

    status = client.call("GetStatus")["status"]

    assert status["needs_human"] is True
    (failure,) = status["failed"]
    assert failure["task"]["name"] == "checkdata"
    assert failure["job"]["id"] == job
    assert failure["job"]["message"] == "ValueError: bad voucher 17"
    assert status["counts"]["disabled"] == 2

    client.call("Enable", task="checkdata")
    assert client.call("GetStatus")["status"]["needs_human"] is False


def test_status_names_overdue_tasks_and_those_that_cannot_run(daemon: Daemon, client: Client) -> None:
    task = daemon.task("checkdata")
    daemon.run(lambda: daemon.store.plan(task, NOW + timedelta(minutes=5)))
    assert client.call("GetStatus")["status"]["overdue"] == []
    assert client.call("GetStatus")["status"]["next_due"] == "2026-11-24T03:05:00Z"

    daemon.clock.at = NOW + timedelta(hours=1)
    daemon.loaded = [*PROCEDURES[:3], BROKEN]
    status = client.call("GetStatus")["status"]

    assert [task["name"] for task in status["overdue"]] == ["checkdata"]
    assert [task["name"] for task in status["gone"]] == ["nightly"]
    assert [procedure["name"] for procedure in status["procedures"]] == ["broken"]
    assert status["needs_human"] is True


@pytest.mark.parametrize(
    "facts",
    [
        {"plugins": (PluginReport("my.plugin", "", False, "ImportError: x", "Traceback\nImportError: x"),)},
        {"findings": (Finding("my.plugin", "thread", "left a thread running", "start it in the job"),)},
        {"problems": ("the journal is away",)},
        {"host_state": "away", "host_problem": "it was killed"},
        {"database_problem": "locked"},
    ],
)
def test_status_names_what_is_broken(daemon: Daemon, client: Client, facts: dict[str, object]) -> None:
    daemon.tell_of(**facts)
    assert client.call("GetStatus")["status"]["needs_human"] is True


def test_status_answers_while_the_database_is_away_and_others_say_so(daemon: Daemon, client: Client) -> None:
    thread, daemon.db = daemon.db, AwayThread()  # type: ignore[assignment]
    try:
        status = client.call("GetStatus")["status"]
        assert status["database_problem"] == str(DatabaseAway("the database is locked"))
        assert status["counts"] is None
        assert status["needs_human"] is True
        for method in ("ListTasks", "ListJobs", "ListNames", "GetLog"):
            with pytest.raises(CallFailed) as failed:
                client.call(method)
            assert failed.value.name == "DatabaseAway"
    finally:
        daemon.db = thread
