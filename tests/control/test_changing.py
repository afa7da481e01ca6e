"""The methods that change tasks: the change, its row in the ledger of changes, its journal line, and the poke."""

import json
import os
import sqlite3
from contextlib import closing
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from linod.control.client import CallFailed, Client
from tests.control.daemon import BROKEN, PROCEDURES, Daemon


def changes(directory: Path) -> list[dict[str, Any]]:
    """The rows of `Change`, read past linod."""
    with closing(sqlite3.connect(directory / "linod.sqlite")) as database:
        database.row_factory = sqlite3.Row
        (name,) = database.execute("select name from sqlite_master where type = 'table' and name like '%change%'")
        return [dict(row) for row in database.execute(f"select * from {name[0]} order by id")]


def test_disable_and_enable(daemon: Daemon, client: Client, tmp_path: Path) -> None:
    reply = client.call("Disable", task="checkdata")
    assert reply["changed"] is True
    assert reply["task"]["status"] == "Disabled"
    assert daemon.task("checkdata").disabled
    assert daemon.log[-1][0] == f"root (uid 0, gid {os.getgid()}) disabled System task #1 (checkdata)"
    assert daemon.log[-1][1]["LINOD_TASK"] == "checkdata"
    assert daemon.log[-1][1]["LINOD_UID"] == "0"
    assert daemon.pokes == 1

    assert client.call("Disable", task="checkdata")["changed"] is False
    assert client.call("Enable", task="checkdata")["changed"] is True

    assert not daemon.task("checkdata").disabled
    assert len(daemon.log) == daemon.pokes == 2
    disabled, enabled = changes(tmp_path)
    assert (disabled["action"], disabled["task_name"], disabled["uid"]) == ("disable", "checkdata", 0)
    assert json.loads(disabled["before"]) == {"disabled": False}
    assert json.loads(disabled["after"]) == {"disabled": True}
    assert enabled["action"] == "enable"


def test_enabling_tells_the_next_slot(daemon: Daemon, client: Client) -> None:
    client.call("SetTask", task="checkdata", columns={"disabled": True, "start_time": "04:30"})
    reply = client.call("Enable", task="checkdata")
    assert reply["task"]["next_due"] == "2026-11-24T03:30:00Z"
    assert reply["task"]["status"] == "Scheduled to run at 24.11.2026 04:30 (30 minutes from now)"


def test_policies_are_told_as_people_write_them(daemon: Daemon, client: Client) -> None:
    client.call("SetTask", task="checkdata", columns={"timeout": "90s", "memory_max": "512M"})
    told = "timeout from default to 1min 30s, memory_max from default to 512M"
    assert daemon.log[-1][0].endswith(f"changed System task #1 (checkdata): {told}")
    client.call("SetTask", task="checkdata", columns={"timeout": "none"})
    assert daemon.log[-1][0].endswith("timeout from 1min 30s to default")


def test_a_queue_is_one_of_the_settings(daemon: Daemon, client: Client) -> None:
    with pytest.raises(CallFailed, match=r"no queue 'mail'; add it to \[queues\] and reload linod") as refused:
        client.call("SetTask", task="checkdata", columns={"queue": "mail"})
    assert refused.value.parameters["column"] == "queue"
    daemon.queues = {"mails": 1}
    with pytest.raises(CallFailed, match=r"no queue 'mail'; did you mean 'mails'\?"):
        client.call("AddTask", procedure="nightly", columns={"queue": "mail"})
    client.call("SetTask", task="checkdata", columns={"queue": "mails"})
    assert daemon.task("checkdata").queue == "mails"


def test_columns_are_set_from_text_and_from_json(daemon: Daemon, client: Client, tmp_path: Path) -> None:
    columns = {"every": "5", "every_unit": "weekly", "saturday": True, "start_time": "4:00", "log_level": "debug"}
    reply = client.call("SetTask", task="checkdata", columns=columns)

    assert sorted(reply["changed"]) == sorted(columns)
    task = daemon.task("checkdata")
    assert (task.every, task.every_unit, task.saturday) == (5, "weekly", True)
    assert (task.start_time, task.log_level) == (time(4), "DEBUG")
    assert reply["task"]["start_time"] == "04:00:00"
    (row,) = changes(tmp_path)
    assert row["action"] == "set"
    assert json.loads(row["before"])["every_unit"] == "daily"
    assert json.loads(row["after"])["start_time"] == "04:00:00"
    assert 'every_unit from "daily" to "weekly"' in daemon.log[-1][0]


def test_setting_what_is_so_already_changes_nothing(daemon: Daemon, client: Client, tmp_path: Path) -> None:
    assert client.call("SetTask", task="checkdata", columns={"every": 1, "log_level": "INFO"})["changed"] == []
    assert changes(tmp_path) == []
    assert daemon.pokes == 0


def test_a_new_name_is_the_task_s_at_once(client: Client) -> None:
    assert client.call("SetTask", task="nightly", columns={"name": "Night run"})["task"]["name"] == "Night run"
    assert client.call("ShowTask", task="Night run")["task"]["procedure"] == "nightly"


@pytest.mark.parametrize(
    ("columns", "column", "text"),
    [
        ({"evry": 5}, "evry", "every"),
        ({"every": 0}, "every", "0"),
        ({"every": "x"}, "every", "'x'"),
        ({"every": [1]}, "every", "1"),
        ({"every_unit": "dayly"}, "every_unit", "daily"),
        ({"start_time": "25:00"}, "start_time", "25:00"),
        ({"log_level": "LOUD"}, "log_level", "LOUD"),
        ({"last_start_time": "2026-11-24"}, "last_start_time", "linod itself"),
        ({"id": 7}, "id", ""),
        ({"name": ""}, "name", ""),
        ({"every": 5, "monday": "perhaps"}, "monday", "perhaps"),
        ({"positions": "1 x"}, "positions", "x"),
    ],
)
def test_what_a_column_cannot_hold_is_refused_and_nothing_is_set(
    daemon: Daemon, client: Client, tmp_path: Path, columns: dict[str, object], column: str, text: str
) -> None:
    before = daemon.task("checkdata")
    with pytest.raises(CallFailed) as failed:
        client.call("SetTask", task="checkdata", columns=columns)
    assert failed.value.name == "BadValue"
    assert failed.value.exit_code == 2
    assert failed.value.parameters["column"] == column
    assert text in str(failed.value)
    assert daemon.task("checkdata") == before
    assert changes(tmp_path) == []


def test_a_schedule_that_no_moment_fulfils_is_refused(daemon: Daemon, client: Client) -> None:
    columns = {"every_unit": "once", "start_date": "none"}
    with pytest.raises(CallFailed) as failed:
        client.call("SetTask", task="checkdata", columns=columns)
    assert failed.value.name == "BadValue"
    assert daemon.task("checkdata").every_unit == "daily"


def test_a_procedure_must_exist(daemon: Daemon, client: Client) -> None:
    daemon.loaded = [*PROCEDURES, BROKEN]
    with pytest.raises(CallFailed) as failed:
        client.call("SetTask", task="checkdata", columns={"procedure": "checksumaries"})
    assert failed.value.name == "NoSuchProcedure"
    assert failed.value.parameters["near"] == ["checksummaries"]
    with pytest.raises(CallFailed, match=r"cannot run: my/plugin\.py:7"):
        client.call("AddTask", procedure="broken")
    daemon.loaded = None
    with pytest.raises(CallFailed, match="not loaded yet"):
        client.call("AddTask", procedure="checkdata")


def test_a_task_is_added_as_its_procedure_suggests(daemon: Daemon, client: Client, tmp_path: Path) -> None:
    task = client.call("AddTask", procedure="send_pending_emails_often", name="mail", columns={"every": "20"})["task"]

    assert (task["seqno"], task["name"], task["procedure"]) == (5, "mail", "send_pending_emails_often")
    assert (task["every"], task["every_unit"], task["log_level"]) == (20, "secondly", "WARNING")
    assert task["start_date"] == "2026-11-24"
    assert daemon.task("mail").id == task["id"]
    assert [row["action"] for row in changes(tmp_path)] == ["add"]
    assert daemon.log[-1][0].endswith("added System task #5 (mail) for procedure send_pending_emails_often")
    assert daemon.pokes == 1


def test_a_task_without_a_name_is_called_as_its_procedure(client: Client) -> None:
    assert client.call("AddTask", procedure="nightly")["task"]["name"] == "nightly"


def test_what_cannot_be_added_is_not(daemon: Daemon, client: Client, tmp_path: Path) -> None:
    for columns in ({"every": -1}, {"every_unit": "once", "start_date": None}):
        with pytest.raises(CallFailed) as failed:
            client.call("AddTask", procedure="nightly", name="new", columns=columns)
        assert failed.value.name == "BadValue"
    assert client.call("ListTasks")["total"] == 4
    assert changes(tmp_path) == []


def test_a_removed_task_is_gone_and_its_jobs_stay(daemon: Daemon, client: Client, tmp_path: Path) -> None:
    daemon.end(client.call("RunNow", task="nightly")["job"]["id"])

    assert client.call("RemoveTask", task="nightly")["task"]["name"] == "nightly"

    assert client.call("ListTasks")["total"] == 3
    assert [job["task_name"] for job in client.call("ListJobs")["jobs"]] == ["nightly"]
    assert [row["action"] for row in changes(tmp_path)] == ["run-now", "remove"]
    with pytest.raises(CallFailed, match="there is no task 'nightly'"):
        client.call("RemoveTask", task="nightly")


def test_a_task_that_runs_is_not_removed(client: Client) -> None:
    job = client.call("RunNow", task="nightly")["job"]["id"]
    with pytest.raises(CallFailed, match=f"runs now, as job {job}") as failed:
        client.call("RemoveTask", task="nightly")
    assert failed.value.name == "TaskRunning"


def test_removing_a_task_cancels_its_request(daemon: Daemon, client: Client) -> None:
    daemon.slots = 0
    client.call("RunNow", task="nightly")
    with daemon.place.client() as second:
        waiting = second.call_more("RunNow", task="nightly", wait=True)
        assert next(waiting)["new"] is False
        client.call("RemoveTask", task="nightly")
        assert next(waiting)["job"]["outcome"] == "cancelled"


def test_a_task_is_moved(daemon: Daemon, client: Client, tmp_path: Path) -> None:
    reply = client.call("MoveTask", task="nightly", by=-2)
    assert (reply["changed"], reply["task"]["seqno"]) == (True, 2)
    assert [task["name"] for task in client.call("ListTasks")["tasks"]][:2] == ["checkdata", "nightly"]
    assert client.call("MoveTask", task="checkdata", by=-1)["changed"] is False
    (row,) = changes(tmp_path)
    assert (row["action"], json.loads(row["before"]), json.loads(row["after"])) == ("move", {"seqno": 4}, {"seqno": 2})
    assert daemon.log[-1][0].endswith("moved System task #2 (nightly) from 4 to 2")
    assert daemon.pokes == 1


def test_a_task_is_duplicated(daemon: Daemon, client: Client, tmp_path: Path) -> None:
    task = client.call("DuplicateTask", task="checkdata", columns={"every": "2", "disabled": "yes"})["task"]
    assert (task["seqno"], task["name"], task["procedure"]) == (2, "checkdata (copy)", "checkdata")
    assert (task["when"], task["status"]) == ("Every second day", "Disabled")
    assert client.call("ShowTask", task="checkdata")["task"]["seqno"] == 1
    assert [row["action"] for row in changes(tmp_path)] == ["duplicate"]
    said = "added System task #2 (checkdata (copy)), a copy of System task #1 (checkdata)"
    assert daemon.log[-1][0].endswith(said)
    with pytest.raises(CallFailed):
        client.call("DuplicateTask", task="checkdata", columns={"every_unit": "once", "start_date": None})
    assert client.call("ListTasks")["total"] == 5
