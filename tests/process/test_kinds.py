"""A plugin with a kind of task of its own: its table, its columns, its tasks, under a real daemon."""

import json
import sqlite3
from signal import SIGKILL

from tests.process.site import Site

HEAD = """
from peewee import CharField, DateField, IntegerField
from linod.models import Runnable

"""

KIND = """
class Task(Runnable):
    journal = CharField(20)
    offset = IntegerField(default=-1)

    def run(self, ar):
        with open(OUT, "a") as out:
            print(self.kind, self.name, self.journal, self.offset, ar.job["slot"], file=out)

@schedule_daily(class_name="invoicing.Task", start_time="04:00")
def run_invoicing_tasks(ar):
    raise AssertionError("not called")
"""

PLAIN = """
@background_task(every_unit="never")
def plain(ar):
    with open(OUT, "a") as out:
        print("plain", file=out)
"""

ADD = ("add", "run_invoicing_tasks", "--class", "invoicing.Task", "--name", "Make invoices")


def start(site: Site) -> None:
    """Another start: READY of the one before does not count."""
    site.forget_messages()
    site.start()


def invoicing(site: Site, kind: str = KIND, plain: str = PLAIN) -> None:
    site.plugin(HEAD + kind, "invoicing")
    site.plugin(plain, "other")


def columns(site: Site) -> dict[str, tuple[str, bool, str | None]]:
    """Name -> type, NOT NULL, default, in the database's own words."""
    database = sqlite3.connect(site.state / "linod.sqlite")
    rows = database.execute("PRAGMA table_info(invoicing_task)").fetchall()
    database.close()
    return {row[1]: (row[2], bool(row[3]), row[4]) for row in rows}


def test_a_task_of_a_kind_is_added_shown_set_run_and_kept(site: Site) -> None:
    invoicing(site)
    start(site)
    assert columns(site)["journal"] == ("VARCHAR(20)", True, None)
    assert columns(site)["offset"] == ("INTEGER", True, "-1")
    assert [task["name"] for task in site.json("list")["tasks"]] == ["plain"]  # it has got no row by itself

    refused = site.ctl(*ADD)
    assert refused.returncode == 2 and "journal: needs a value" in refused.stderr
    added = site.ctl(*ADD, "journal=SLS", "every_unit=never")
    assert "Added invoicing.Task#1 (Make invoices)." in added.stdout, added.stderr
    site.ctl(*ADD, "journal=PRC", "offset=3")

    second = site.json("show", "invoicing.Task#2")["task"]
    assert second["own"] == {"journal": "PRC", "offset": 3}
    assert second["status"].startswith("Scheduled to run at ") and second["problem"] is None
    assert "Journal: PRC" in site.ctl("show", "invoicing.Task:2").stdout
    assert site.ctl("set", "invoicing.Task#2", "journal=BNK", "name=Bank").returncode == 0
    wrong = site.ctl("set", "invoicing.Task#2", "procedure=plain")
    assert wrong.returncode == 2 and "'plain' is for tasks of linod.SystemTask" in wrong.stderr

    assert site.run_now("Make invoices")["outcome"] == "succeeded"
    assert site.run_now("invoicing.Task#2")["outcome"] == "succeeded"
    assert site.output() == ["invoicing.Task Make invoices SLS -1 None", "invoicing.Task Bank BNK 3 None"]
    assert {(job["kind"], job["task_id"]) for job in site.jobs("Bank")} == {("invoicing.Task", 2)}
    assert site.stop() == 0

    start(site)
    assert site.run_now("Bank")["outcome"] == "succeeded"
    assert site.stop() == 0
    done = site.linod("run", "invoicing.Task#2")
    assert done.returncode == 0, done.stderr
    assert site.output()[2:] == ["invoicing.Task Bank BNK 3 None"] * 2


def test_an_upgrade_of_the_plugin_adds_a_column(site: Site) -> None:
    invoicing(site)
    start(site)
    site.ctl(*ADD, "journal=SLS")
    more = KIND.replace(
        "    offset", '    since = DateField(null=True)\n    level = CharField(10, default="it\'s")\n    offset'
    )
    invoicing(site, more.replace("self.offset,", "self.offset, self.level, self.since,"))
    assert site.ctl("reload").returncode == 0
    assert columns(site)["since"] == ("DATE", False, None)
    assert site.task("Make invoices")["own"] == {"journal": "SLS", "since": None, "level": "it's", "offset": -1}
    assert site.ctl("set", "Make invoices", "since=24.11.2026").returncode == 0
    assert site.run_now("Make invoices")["outcome"] == "succeeded"
    assert site.output() == ["invoicing.Task Make invoices SLS -1 it's 2026-11-24 None"]


def test_a_column_of_another_type_refuses_that_kind_alone(site: Site) -> None:
    invoicing(site)
    start(site)
    site.ctl(*ADD, "journal=SLS")
    before = columns(site)
    assert site.stop() == 0
    invoicing(site, KIND.replace("IntegerField(default=-1)", "CharField(9, default='x')"))

    checked = site.linod("check")
    reason = "its column offset was integer when plugin invoicing made the table invoicing_task, and is text(9) now"
    assert checked.returncode == 78 and reason in checked.stdout

    start(site)
    status = site.status()
    (procedure,) = status["procedures"]
    assert procedure["name"] == "run_invoicing_tasks" and reason in procedure["problem"]
    (gone,) = status["gone"]
    assert (gone["label"], status["needs_human"]) == ("invoicing.Task#1 (Make invoices)", True)
    refused = site.ctl("run-now", "Make invoices")
    assert refused.returncode == 1 and reason in refused.stderr
    assert reason in site.ctl(*ADD, "journal=SLS").stderr
    assert site.run_now("plain")["outcome"] == "succeeded"
    assert columns(site) == before

    invoicing(site)
    assert site.ctl("reload").returncode == 0
    assert not site.status()["needs_human"]
    assert site.run_now("Make invoices")["outcome"] == "succeeded"
    assert site.stop() == 0
    assert site.log().count(f"kind of task invoicing.Task: {reason}") == 1


def test_an_unknown_class_fails_its_procedure_alone(site: Site) -> None:
    invoicing(site, KIND.replace('class_name="invoicing.Task"', 'class_name="invoicing.Tsak"'))
    start(site)
    (procedure,) = site.status()["procedures"]
    assert (
        "class_name='invoicing.Tsak': no plugin defines such a kind of task; did you mean 'invoicing.Task'?"
        in (procedure["problem"])
    )
    assert site.run_now("plain")["outcome"] == "succeeded"


def test_the_tasks_of_a_plugin_that_is_gone_are_shown_and_kept(site: Site) -> None:
    invoicing(site)
    start(site)
    site.ctl(*ADD, "journal=SLS", "start_time=none", "every=1", "every_unit=secondly")
    site.wait_until(lambda: site.output(), "first run")
    site.signal(SIGKILL)
    site.wait_end()
    site.plugins.remove("invoicing")
    count = len(site.output())

    start(site)
    task = site.task("invoicing.Task#1")
    assert (task["problem"], task["own"]) == ("its plugin is gone", {"journal": "SLS", "offset": -1})
    assert [one["label"] for one in site.status()["gone"]] == ["invoicing.Task#1 (Make invoices)"]
    assert "its plugin is gone" in site.ctl("run-now", "Make invoices").stderr
    kinds = json.loads(site.ctl("kinds", "--json").stdout)["kinds"]
    assert [(kind["name"], kind["problem"]) for kind in kinds] == [("invoicing.Task", "its plugin is gone")]
    assert site.run_now("plain")["outcome"] == "succeeded"
    assert len(site.output()) == count + 1  # nothing of that task ran, though it is due
    assert "its plugin is gone, so it does not run" in site.linod("check").stdout

    site.plugins.insert(0, "invoicing")
    site.write_settings()
    assert site.ctl("reload").returncode == 0
    site.wait_until(lambda: len(site.output()) > count + 2, "further run")


def test_a_daemon_without_its_host_shows_the_tasks_of_all_kinds(site: Site) -> None:
    invoicing(site)
    start(site)
    site.ctl(*ADD, "journal=SLS")
    assert site.stop() == 0
    site.plugin("import time\nwhile not __import__('os').path.exists(OUT):\n    time.sleep(0.01)\n", "slow")

    site.forget_messages()
    site.start(wait=False)
    site.wait_for_control()
    task = site.task("invoicing.Task#1")
    assert (task["own"]["journal"], task["problem"]) == ("SLS", None)
    assert site.status()["state"] == "loading"
    site.out.touch()
    site.wait_for_message("READY=1")
