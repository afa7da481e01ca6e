"""Tasks of a plugin's own kind on the wire and in linod-ctl: added, set, listed, and kept when the plugin is gone."""

from pathlib import Path

import pytest

from linod.control.client import CallFailed, Client
from linod.kinds import Kind, OwnColumn
from linod.procedures import Procedure
from tests.control.command import Ctl
from tests.control.daemon import PROCEDURES, Daemon

INVOICING = "invoicing.Task"

KIND = Kind(
    INVOICING,
    "invoicing_task",
    "invoicing",
    (OwnColumn("journal", "text", 20), OwnColumn("last_note", "text", null=True)),
    ("seqno", "name", "journal", "when", "status"),
)

RUN = Procedure("run_invoicing_tasks", "invoicing", class_name=INVOICING, defaults={"every_unit": "daily", "every": 1})


@pytest.fixture
def ctl(daemon: Daemon, tmp_path: Path) -> Ctl:
    return Ctl(tmp_path, daemon.place.control)


@pytest.fixture
def invoicing(daemon: Daemon) -> Daemon:
    """The daemon, and a plugin with a kind of task."""
    daemon.loaded, daemon.brought = (*PROCEDURES, RUN), (KIND,)
    daemon.run(lambda: daemon.store.adopt_kinds([KIND]))
    return daemon


def add(client: Client, name: str, journal: str = "SLS", **columns: object) -> None:
    client.call("AddTask", procedure=RUN.name, name=name, columns={"journal": journal, **columns})


def test_the_class_is_that_of_the_procedure(invoicing: Daemon, client: Client) -> None:
    task = client.call("AddTask", procedure=RUN.name, kind=INVOICING, columns={"journal": "SLS"})["task"]
    assert (task["kind"], task["label"], task["own"]) == (
        INVOICING,
        "invoicing.Task#1 (run_invoicing_tasks)",
        {"journal": "SLS", "last_note": None},
    )
    assert (task["when"], task["status"], task["start_date"]) == ("Every day", "Scheduled to run asap", "2026-11-24")
    with pytest.raises(CallFailed, match=r"'checkdata' is for tasks of linod\.SystemTask, and not of"):
        client.call("AddTask", procedure="checkdata", kind=INVOICING)
    assert client.call("AddTask", procedure="nightly")["task"]["own"] == {}


def test_a_change_of_an_own_column_is_recorded_with_both_values(invoicing: Daemon, client: Client) -> None:
    add(client, "a")
    changed = client.call("SetTask", task="a", columns={"journal": "PRC", "last_note": "none"})
    assert (changed["changed"], changed["task"]["own"]["journal"]) == (["journal"], "PRC")
    assert 'changed invoicing.Task#1 (a): journal from "SLS" to "PRC"' in invoicing.log[-1][0]
    with pytest.raises(CallFailed, match="did you mean 'journal'") as caught:
        client.call("SetTask", task="a", columns={"jurnal": "PRC"})
    assert caught.value.parameters["column"] == "jurnal"
    copy = client.call("DuplicateTask", task="a", columns={"journal": "BNK"})["task"]
    assert (copy["name"], copy["own"]["journal"]) == ("a (copy)", "BNK")


def test_each_class_is_listed_in_a_table_of_its_own(invoicing: Daemon, client: Client, ctl: Ctl) -> None:
    add(client, "Make Sales invoices (SLS)")
    client.call("SetTask", task="invoicing.Task#1", columns={"last_note": "n" * 201})
    lines = ctl.said("list").splitlines()
    place = lines.index("invoicing.Task")
    assert (lines[1].split()[0], lines[place - 1]) == ("No.", "")
    assert lines[place + 2].split() == ["No.", "Name", "Journal", "When", "Status"]
    assert lines[place + 4].split("  ")[0].strip() == "1"
    assert ctl.said("list", "--class", INVOICING).splitlines() == lines[place:]
    assert ctl.said("list", "--class", "linod.SystemTask").splitlines() == lines[: place - 1]
    (task,) = ctl.json("list", "--class", INVOICING)["tasks"]
    assert task["own"] == {"journal": "SLS", "last_note": None}  # too long for a list
    assert ctl.json("show", "invoicing.Task#1")["task"]["own"]["last_note"] == "n" * 201
    assert "Journal: SLS" in ctl.said("show", "invoicing.Task#1")


def test_the_kinds_are_listed_and_one_that_is_gone_says_so(invoicing: Daemon, client: Client, ctl: Ctl) -> None:
    add(client, "a")
    line = ctl.said("kinds").splitlines()[3]
    assert line == " invoicing.Task   invoicing   invoicing_task   journal text(20), last_note text null"
    invoicing.loaded, invoicing.brought = PROCEDURES, ()
    assert "Tasks of invoicing.Task cannot run: its plugin is gone" in ctl.said("kinds")
    assert client.call("ShowTask", task="a")["task"]["problem"] == "its plugin is gone"
    with pytest.raises(CallFailed, match="its plugin is gone"):
        client.call("RunNow", task="a")
    status = client.call("GetStatus")["status"]
    assert ([task["label"] for task in status["gone"]], status["counts"]["gone"]) == (["invoicing.Task#1 (a)"], 1)
    invoicing.loaded = None  # while the plugins load nobody knows
    assert client.call("ShowTask", task="a")["task"]["problem"] is None
    assert client.call("ListKinds")["kinds"][0]["problem"] is None


def test_a_task_whose_procedure_is_of_another_class_cannot_run(invoicing: Daemon, client: Client) -> None:
    invoicing.run(lambda: invoicing.store.set_columns(invoicing.store.find("nightly")[0].key, {"procedure": RUN.name}))
    assert client.call("ShowTask", task="nightly")["task"]["problem"] == "its procedure is for tasks of invoicing.Task"
    assert client.call("GetStatus")["status"]["counts"]["gone"] == 1
