"""The methods about users, and their commands: the change, its row in the ledger of changes, its journal line."""

import json
import os
from pathlib import Path

import pytest

from linod.control.client import CallFailed, Client
from linod.users import User
from tests.control.command import Ctl
from tests.control.daemon import Daemon
from tests.control.test_changing import changes


@pytest.fixture
def ctl(daemon: Daemon, tmp_path: Path) -> Ctl:
    return Ctl(tmp_path, daemon.place.control)


ANN = {"id": 1, "username": "ann", "language": "de", "time_zone": None, "daemon_user": False}


def test_a_user_is_added_listed_and_told_of(daemon: Daemon, client: Client, tmp_path: Path) -> None:
    assert client.call("ListUsers") == {"users": []}
    assert client.call("AddUser", username="ann", language="DE") == {"user": ANN}
    daemon.run(lambda: daemon.store.install_user("robin"))
    robin = {"id": 2, "username": "robin", "language": None, "time_zone": None, "daemon_user": True}
    assert client.call("ListUsers") == {"users": [ANN, robin]}

    text, fields = daemon.log[-1]
    assert text == f"root (uid 0, gid {os.getgid()}) added user ann"
    assert (fields["LINOD_ACTION"], fields["LINOD_USER"]) == ("add-user", "root")
    (row,) = changes(tmp_path)
    assert (row["action"], row["uid"], row["kind"], row["task_id"]) == ("add-user", 0, None, None)
    assert json.loads(row["after"]) == {"id": 1, "username": "ann", "language": "de", "time_zone": None}
    assert daemon.told_users == [User(1, "ann", "de")]


def test_columns_are_set_and_what_is_so_already_changes_nothing(daemon: Daemon, client: Client, tmp_path: Path) -> None:
    client.call("AddUser", username="ann", language="de")
    reply = client.call("SetUser", username="ann", columns={"language": "de", "time_zone": "Asia/Tokyo"})
    assert reply == {"user": {**ANN, "time_zone": "Asia/Tokyo"}, "changed": ["time_zone"]}
    assert daemon.log[-1][0].endswith('changed user ann: time_zone from null to "Asia/Tokyo"')
    row = changes(tmp_path)[-1]
    assert row["action"] == "set-user"
    assert json.loads(row["before"]) == {"username": "ann", "time_zone": None}
    assert json.loads(row["after"]) == {"username": "ann", "time_zone": "Asia/Tokyo"}
    assert daemon.told_users == [User(1, "ann", "de", "Asia/Tokyo")]

    assert client.call("SetUser", username="ann", columns={"time_zone": "Asia/Tokyo"})["changed"] == []
    assert (len(changes(tmp_path)), len(daemon.log)) == (2, 2)


def test_what_cannot_be_is_refused_and_leaves_no_trace(daemon: Daemon, client: Client, tmp_path: Path) -> None:
    client.call("AddUser", username="ann")
    for method, given, error, text in (
        ("AddUser", {"username": "ann"}, "BadValue", "there is a user 'ann' already"),
        ("AddUser", {"username": "luc", "language": "german"}, "BadValue", "not a language"),
        ("SetUser", {"username": "anne", "columns": {"language": "de"}}, "NoSuchUser", "did you mean 'ann'?"),
        ("SetUser", {"username": "ann", "columns": {"time_zone": "Tokyo"}}, "BadValue", "time_zone: 'Tokyo' is not"),
        ("SetUser", {"username": "ann", "columns": {"username": "anna"}}, "BadValue", "username: stays as it is"),
    ):
        with pytest.raises(CallFailed, match=text.replace("?", "[?]")) as failed:
            client.call(method, **given)
        assert failed.value.name == error
    assert (len(changes(tmp_path)), len(daemon.log)) == (1, 1)
    assert [user["username"] for user in client.call("ListUsers")["users"]] == ["ann"]


def test_the_commands(daemon: Daemon, ctl: Ctl) -> None:
    daemon.run(lambda: daemon.store.install_user("robin"))
    assert ctl.said("add-user", "ann", "--language", "de", "--time-zone", "Asia/Tokyo") == (
        "Added user ann: language=de, time_zone=Asia/Tokyo.\n"
    )
    emptied = ctl.said("set-user", "ann", "language=fr", "time_zone=none")
    assert emptied == "Changed user ann: language=fr, time_zone=.\n"
    assert ctl.said("set-user", "ann", "language=fr") == "User ann is that way already.\n"
    header, *rows = [" ".join(line.split()) for line in ctl.said("users").splitlines() if line[0] not in "=-"]
    assert header == "Username Language Time zone Jobs run in their name"
    assert rows == ["ann fr No", "robin Yes"]
    assert [user["username"] for user in ctl.json("users")["users"]] == ["ann", "robin"]
    assert ctl.json("set-user", "ann", "language=de")["changed"] == ["language"]
    assert ctl.json("add-user", "luc")["user"]["language"] is None
    assert ctl.said("complete", "users").splitlines() == ["ann", "luc", "robin"]


def test_what_the_commands_refuse(ctl: Ctl) -> None:
    ctl.said("add-user", "ann")
    for words, code, text in (
        (["set-user", "xyz", "language=de"], 1, "there is no user 'xyz'; `linod-ctl users` shows those there are"),
        (["set-user", "ann"], 2, "name at least one column=value"),
        (["add-user", "luc", "--language", "pt_BR"], 2, "did you mean 'pt-br'?"),
    ):
        done = ctl(*words)
        assert (done.returncode, text in done.stderr) == (code, True), done.stderr
