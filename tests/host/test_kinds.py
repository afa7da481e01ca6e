"""Kinds of task that plugins define, as the host reports them, and what a job of one calls."""

from pathlib import Path

from linod.kinds import OwnColumn
from tests.host.site import make_site, playing

INVOICING = """
from peewee import CharField, IntegerField
from linod import background_task
from linod.models import Runnable

class Task(Runnable):
    column_names = "seqno name journal when status"
    journal = CharField(20)
    offset = IntegerField(default=-1)

    def run(self, ar):
        ar.info("%s invoices of %s, %s", self.journal, self.name, ar.task is self)

@background_task(class_name="invoicing.Task")
def run_invoicing_tasks(ar):
    ar.info("the procedure")
"""

TASK = {
    "kind": "invoicing.Task",
    "id": 1,
    "seqno": 1,
    "name": "a",
    "procedure": "run_invoicing_tasks",
    "journal": "SLS",
}


def test_a_kind_is_reported_with_its_columns(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, invoicing__init="", invoicing__models=INVOICING) as site:
            (kind,) = site.loaded.kinds
        assert (kind.name, kind.table, kind.plugin, kind.problem) == (
            "invoicing.Task",
            "invoicing_task",
            "invoicing",
            "",
        )
        assert kind.columns == (OwnColumn("journal", "text", 20), OwnColumn("offset", "integer", default=-1))
        assert kind.shown == ("seqno", "name", "journal", "when", "status")
        assert kind.where == f"{tmp_path}/invoicing/models.py:6"
        assert [procedure.problem for procedure in site.loaded.procedures] == [""]

    playing(play())


def test_a_job_of_a_kind_calls_its_own_run_with_the_row(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, invoicing=INVOICING) as site:
            seen = await site.run("run_invoicing_tasks", task=dict(TASK))
        assert seen.texts == ["SLS invoices of a, True"]

    playing(play())


def test_without_a_run_of_its_own_the_procedure_is_called_and_has_the_row(tmp_path: Path) -> None:
    source = """
    from peewee import CharField
    from linod import background_task
    from linod.models import Runnable

    class Task(Runnable):
        journal = CharField(20)

    @background_task(class_name="invoicing.Task")
    async def run_invoicing_tasks(ar):
        ar.info("%s %s", ar.task.kind, ar.task.journal)
    """

    async def play() -> None:
        async with make_site(tmp_path, invoicing=source) as site:
            seen = await site.run("run_invoicing_tasks", task=dict(TASK))
        assert seen.texts == ["invoicing.Task SLS"]

    playing(play())


def test_an_unknown_class_name_fails_that_procedure_alone_and_names_a_near_one(tmp_path: Path) -> None:
    other = """
    from linod import background_task

    @background_task(class_name="invoicing.Tsak")
    def misspelt(ar):
        pass

    @background_task(class_name="Elsewhere")
    def far(ar):
        pass

    @background_task
    def good(ar):
        ar.info("ran")
    """

    async def play() -> None:
        async with make_site(tmp_path, other=other, invoicing=INVOICING) as site:
            problems = {procedure.name: procedure.problem for procedure in site.loaded.procedures}
            assert (await site.run("good")).texts == ["ran"]
            failed = await site.run("misspelt")
        assert problems["misspelt"] == (
            f"{tmp_path}/other.py:4: procedure misspelt: class_name='invoicing.Tsak': no plugin defines such a kind of "
            "task; did you mean 'invoicing.Task'?"
        )
        assert problems["far"].endswith("such a kind of task; known are linod.SystemTask, invoicing.Task")
        assert (problems["good"], problems["run_invoicing_tasks"]) == ("", "")
        assert problems["misspelt"] in failed.outcome.message

    playing(play())


def test_what_a_kind_cannot_have_is_that_kinds_problem_alone(tmp_path: Path) -> None:
    bad = """
    from peewee import DateTimeField, ForeignKeyField, IntegerField, TextField
    from linod import background_task
    from linod.models import Runnable, SystemTask

    class One(Runnable):
        when = TextField()

    class Two(Runnable):
        made = DateTimeField()

    class Three(Runnable):
        disabled = TextField()

    class Four(Runnable):
        number = IntegerField(default=lambda: 4)

    class Five(Runnable):
        column_names = "seqno nmae"

    class Six(Runnable):
        class Meta:
            table_name = "linod_job"

    class Task(Runnable):
        kind = "invoicing.Task"

    class Base(Runnable):
        kind = ""

    class Good(Base):
        pass

    @background_task(class_name="bad.One")
    def one(ar):
        pass

    @background_task(class_name="bad.Good")
    def good(ar):
        ar.info("ran")
    """

    async def play() -> None:
        async with make_site(tmp_path, invoicing=INVOICING, bad=bad) as site:
            problems = {kind.name: kind.problem for kind in site.loaded.kinds}
            assert (await site.run("good", task={"kind": "bad.Good", "id": 1})).texts == ["ran"]
            assert site.loaded.procedures[1].problem.endswith(problems["bad.One"])
        assert problems.pop("invoicing.Task") == problems.pop("bad.Good") == ""
        assert problems["bad.One"].endswith("bad.One: every task has a column when already; call its own otherwise")
        assert "column made is a DateTimeField; one of a kind's own is a CharField" in problems["bad.Two"]
        assert "a column disabled already" in problems["bad.Three"]
        assert "column number: its default is a function" in problems["bad.Four"]
        assert "no column 'nmae'; did you mean 'name'?" in problems["bad.Five"]
        assert "its table cannot be called 'linod_job'" in problems["bad.Six"]
        (twin,) = [problem for name, problem in problems.items() if name.startswith("invoicing.Task (")]
        assert f"{tmp_path}/invoicing.py:6 has defined a kind of this name before" in twin

    playing(play())


def test_a_plugin_that_fails_takes_its_kinds_back(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, invoicing=INVOICING + "\n1 / 0\n", other=INVOICING) as site:
            assert [(kind.name, kind.problem) for kind in site.loaded.kinds] == [("other.Task", "")]

    playing(play())
