"""The methods that only look."""

import json
from datetime import timedelta
from functools import partial

import pytest

from linod.control.client import CallFailed, Client
from linod.control.interface import EXTRA
from linod.control.messages import LIMIT
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
    first = client.call("ListTasks", limit=3)
    last = client.call("ListTasks", limit=3, after=first["next"])

    assert [[task["id"] for task in page["tasks"]] for page in (first, last)] == [[1, 2, 3], [4]]
    assert (first["total"], last["total"], last["next"]) == (4, None, None)
    assert len(client.call("ListTasks", limit=-5)["tasks"]) == 1


def test_tasks_are_chosen(daemon: Daemon, client: Client) -> None:
    def names(**wanted: object) -> list[str]:
        return [task["name"] for task in client.call("ListTasks", **wanted)["tasks"]]

    assert names(pattern="check*") == ["checkdata", "checksummaries"]
    assert names(pattern="*a*", procedure="nightly") == []
    assert names(procedure="nightly", kind="linod.SystemTask", status="enabled") == ["nightly"]
    client.call("Disable", task="nightly")
    assert names(status="disabled") == ["nightly"]
    job = client.call("RunNow", task="checkdata")["job"]["id"]
    assert names(status="running") == ["checkdata"]
    daemon.end(job, State.FAILED, "ValueError: bad voucher 17")
    assert names(status="failed") == ["checkdata"]


@pytest.mark.parametrize(
    ("parameters", "column", "text"),
    [
        ({"status": "broken"}, "status", "'broken' is no status of a list; they are enabled, disabled,"),
        ({"status": "overdu"}, "status", "did you mean 'overdue'"),
        ({"kind": "SystemTask"}, "kind", "did you mean 'linod.SystemTask'"),
        ({"after": "x"}, "after", "is not where a page of this list ended"),
        ({"after": "[" * 10_000}, "after", "is not where"),
        ({"after": "[]"}, "after", "is not where"),
        ({"after": '["linod.SystemTask",{},1]'}, "after", "is not where"),
        ({"after": '["linod.SystemTask",1]'}, "after", "is not where"),
        ({"after": '["no.Kind",1,1]'}, "after", "is not where"),
    ],
)
def test_a_list_that_cannot_be_is_refused(
    client: Client, parameters: dict[str, object], column: str, text: str
) -> None:
    with pytest.raises(CallFailed) as failed:
        client.call("ListTasks", **parameters)
    assert (failed.value.name, failed.value.parameters["column"], failed.value.exit_code) == ("BadValue", column, 2)
    assert text in str(failed.value)


def test_no_page_is_larger_than_a_message_may_be(daemon: Daemon, client: Client) -> None:
    """Names of 200 characters that JSON writes with twelve bytes each, and requests by a user of such a name."""
    wide = "\U0001f4c4" * 200
    columns = "seqno, name, procedure, every_unit, requested_at, requested_by, disabled"
    values = "n, :wide, 'checkdata', 'never', '2026-11-24 03:00:00.000000', :wide, 1"
    insert = f"""WITH RECURSIVE c(n) AS (SELECT 5 UNION ALL SELECT n + 1 FROM c WHERE n < 500)
        INSERT INTO linod_systemtask ({columns}) SELECT {values} FROM c"""
    daemon.run(lambda: daemon.store._db.connection().execute(insert, {"wide": wide}))

    found: list[int] = []
    after = None
    while not found or after:
        page = client.call("ListTasks", limit=250, after=after)
        assert len(json.dumps(page)) < LIMIT
        assert len(page["tasks"]) > 50 or not page["next"]
        found += [task["seqno"] for task in page["tasks"]]
        after = page["next"]
    assert found == list(range(1, 501))


def test_jobs_with_long_messages_come_in_pages(daemon: Daemon, client: Client) -> None:
    for _ in range(3):
        daemon.end(client.call("RunNow", task="checkdata")["job"]["id"], State.WARNED, "x" * 60_000)

    first = client.call("ListJobs", limit=2)
    assert [job["id"] for job in first["jobs"]] == [3, 2]
    assert (first["jobs"][0]["message"], first["next"]) == ("x" * 1000, 2)
    last = client.call("ListJobs", limit=2, before=first["next"])
    assert ([job["id"] for job in last["jobs"]], last["next"]) == ([1], None)
    assert len(client.call("ShowJob", job=1)["job"]["message"]) == 60_000


def test_status_tells_of_ten_tasks_and_counts_the_others(daemon: Daemon, client: Client) -> None:
    columns = "seqno, name, procedure, every_unit, next_due, disabled, failed_job"
    job = client.call("RunNow", task="checkdata")["job"]["id"]
    daemon.end(job, State.FAILED, "ValueError: bad voucher 17")
    for name, procedure, disabled in (("bad", "checkdata", 1), ("late", "nightly", 0), ("lost", "left_out", 0)):
        values = f"n, '{name}' || n, '{procedure}', 'daily', '2026-11-23 00:00:00.000000', {disabled}, {job}"
        insert = f"""WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000)
            INSERT INTO linod_systemtask ({columns}) SELECT {values} FROM c"""
        daemon.run(partial(daemon.store._db.execute_sql, insert))

    status = client.call("GetStatus")["status"]

    counts = {"tasks": 15_004, "enabled": 10_003, "disabled": 5001, "running": 0, "requested": 0}
    assert status["counts"] == {**counts, "failed": 5001, "overdue": 10_000, "gone": 5000}
    assert [len(status[sort]) for sort in ("failed", "overdue", "gone")] == [10, 10, 10]
    assert status["gone"][0]["problem"] == "its procedure is gone"
    assert status["failed"][0]["job"]["message"] == "ValueError: bad voucher 17"


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
    with pytest.raises(CallFailed, match=r"'faild' is no outcome of a job; did you mean 'failed'\?"):
        client.call("ListJobs", states=["faild"])


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
    counts = {"tasks": 4, "enabled": 4, "disabled": 0, "running": 0, "requested": 0}
    assert status["counts"] == {**counts, "failed": 0, "overdue": 0, "gone": 0}
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
