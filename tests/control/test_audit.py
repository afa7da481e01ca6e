"""Each act of an operator is one row and one record: who, what, on what. Every method that changes is here."""

import os
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from linod.control.client import CallFailed, Client
from linod.control.interface import METHODS
from tests.control.daemon import Daemon
from tests.control.test_changing import changes

Prepare = Callable[[Daemon, Client], object]


def nothing(daemon: Daemon, client: Client) -> None:
    """No preparation."""


def waiting(daemon: Daemon, client: Client) -> None:
    daemon.slots = 0
    client.call("RunNow", task="checkdata")


def running(daemon: Daemon, client: Client) -> None:
    client.call("RunNow", task="checkdata")


def disabled(daemon: Daemon, client: Client) -> None:
    client.call("Disable", task="checkdata")


def user(daemon: Daemon, client: Client) -> None:
    client.call("AddUser", username="ada")


ACTS: dict[str, tuple[str, Prepare, dict[str, object], dict[str, object] | None]] = {
    "RunNow": ("run-now", nothing, {"task": "checkdata"}, None),
    "CancelRun": ("cancel-run", waiting, {"task": "checkdata"}, {"requested_at": None}),
    "Enable": ("enable", disabled, {"task": "checkdata"}, {"disabled": False}),
    "Disable": ("disable", nothing, {"task": "checkdata"}, {"disabled": True}),
    "Kill": ("kill", running, {"task": "checkdata"}, {"job_id": 1}),
    "SetTask": ("set", nothing, {"task": "checkdata", "columns": {"every": 5}}, {"every": 5}),
    "AddTask": ("add", nothing, {"procedure": "nightly", "name": "second"}, None),
    "RemoveTask": ("remove", nothing, {"task": "checkdata"}, {}),
    "MoveTask": ("move", nothing, {"task": "checkdata", "by": 1}, {"seqno": 2}),
    "DuplicateTask": ("duplicate", nothing, {"task": "checkdata"}, None),
    "AddUser": ("add-user", nothing, {"username": "ada"}, None),
    "SetUser": ("set-user", user, {"username": "ada", "columns": {"language": "de"}}, None),
    "Reload": ("reload", nothing, {}, None),
}
"""Method: the action, what is to be done before, the parameters, what is `after` in the row."""


def test_every_method_that_changes_something_is_looked_at() -> None:
    assert ACTS.keys() == {name for name, method in METHODS.items() if method.changes}


@pytest.mark.parametrize("method", ACTS)
def test_each_act_is_a_row_and_a_record(daemon: Daemon, client: Client, method: str) -> None:
    action, prepare, parameters, after = ACTS[method]
    prepare(daemon, client)
    rows, records = len(client.call("ListChanges")["changes"]), len(daemon.log)

    client.call(method, **parameters)

    change, *_ = found = client.call("ListChanges")["changes"]
    assert (len(found), len(daemon.log)) == (rows + 1, records + 1)
    text, fields = daemon.log[-1]
    who = ("root", os.getuid(), os.getgid())
    assert (change["user"], change["uid"], change["gid"], change["action"]) == (*who, action)
    assert text.startswith(f"root (uid {os.getuid()}, gid {os.getgid()}) ")
    assert {name: fields[name] for name in ("LINOD_ACTION", "LINOD_USER", "LINOD_UID", "LINOD_GID")} == {
        "LINOD_ACTION": action,
        "LINOD_USER": "root",
        "LINOD_UID": str(os.getuid()),
        "LINOD_GID": str(os.getgid()),
    }
    if "task" in parameters:
        name = change["task_name"]
        assert name and fields["LINOD_TASK"] == name and fields["LINOD_TASK_ID"] == str(change["task_id"])
    if after is not None:
        assert change["after"] == after


def test_what_changes_nothing_is_no_change(daemon: Daemon, client: Client) -> None:
    client.call("Enable", task="checkdata")
    client.call("SetTask", task="checkdata", columns={"every": 1})
    for method, parameters in (("CancelRun", {"task": "checkdata"}), ("Kill", {"job": 99})):
        with pytest.raises(CallFailed):
            client.call(method, **parameters)
    assert client.call("ListChanges")["changes"] == [] == daemon.log


def test_the_kill_of_a_job_is_recorded_also_when_other_software_removed_its_task(
    daemon: Daemon, client: Client, tmp_path: Any
) -> None:
    job = client.call("RunNow", task="checkdata")["job"]["id"]
    with sqlite3.connect(tmp_path / "linod.sqlite") as database:
        database.execute("DELETE FROM linod_systemtask WHERE name = 'checkdata'")
    database.close()

    client.call("Kill", job=job)

    assert (changes(tmp_path)[-1]["action"], changes(tmp_path)[-1]["task_name"]) == ("kill", "checkdata")
    assert daemon.log[-1][1]["LINOD_JOB"] == str(job)


def test_a_request_that_goes_with_its_task_is_a_row_that_says_by_whom(daemon: Daemon, client: Client) -> None:
    waiting(daemon, client)
    task = daemon.task("checkdata")
    client.call("RemoveTask", task="checkdata")

    (job,) = client.call("ListJobs", task="checkdata")["jobs"]
    assert (job["state"], job["task_id"], job["message"]) == (
        "cancelled",
        task.id,
        "The request was cancelled by root",
    )


def test_changes_come_in_pages_of_a_task_and_of_a_span(daemon: Daemon, client: Client) -> None:
    for name in ("checkdata", "nightly", "checkdata"):
        changed = client.call("Disable", task=name)["changed"] or client.call("Enable", task=name)["changed"]
        assert changed
        daemon.clock.at = daemon.clock.at.replace(hour=daemon.clock.at.hour + 1)

    first = client.call("ListChanges", limit=2)
    last = client.call("ListChanges", limit=2, before=first["next"])
    assert [[change["id"] for change in page["changes"]] for page in (first, last)] == [[3, 2], [1]]
    assert (first["next"], last["next"]) == (2, None)
    found = client.call(
        "ListChanges", task="checkdata", since="2026-11-24T04:00:00Z", until="2026-11-24T06:00:00+01:00"
    )
    assert found["changes"] == []
    found = client.call("ListChanges", task="checkdata", since="2026-11-24T04:00:00Z")
    assert [(change["id"], change["before"], change["after"]) for change in found["changes"]] == [
        (3, {"disabled": True}, {"disabled": False})
    ]
    client.call("RemoveTask", task="checkdata")
    assert [change["action"] for change in client.call("ListChanges", task="checkdata")["changes"]] == [
        "remove",
        "enable",
        "disable",
    ]
    assert len(client.call("ListChanges", task="linod.SystemTask:1")["changes"]) == 3
    for task in ("checkdatum", "linod.SystemTask:99"):
        with pytest.raises(CallFailed, match="there is no task"):
            client.call("ListChanges", task=task)


@pytest.mark.parametrize("moment", ["yesterday", "2026-11-24T03:00:00", "", "9999-99-99"])
@pytest.mark.parametrize("method", ["ListChanges", "ListJobs"])
def test_a_moment_that_is_none_is_refused(client: Client, method: str, moment: str) -> None:
    with pytest.raises(CallFailed, match="is not a moment in RFC 3339") as failed:
        client.call(method, since=moment)
    assert (failed.value.name, failed.value.parameters["column"]) == ("BadValue", "since")


def test_a_column_of_what_is_kept_acts_at_once(daemon: Daemon, client: Client) -> None:
    client.call("SetTask", task="nightly", columns={"every": 2})
    assert daemon.trimmed == []
    client.call("SetTask", task="nightly", columns={"keep_jobs": "50"})
    assert daemon.trimmed == [daemon.task("nightly").key]
