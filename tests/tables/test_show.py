"""The tables of the page, from models and registry."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import peewee
import pytest

from linod import models
from linod.loglevels import LogLevel, LogLevels
from linod.models import Job, SystemTask
from linod.procedures import Procedure, Procedures
from linod.store import Store
from linod.tables import DisabledSystemTasks, Show, SystemTasks
from linod.tables.layout import SYSTEM_TASKS, cells, headers, layout_of
from tests.runner.crank import NOON, FakeClock


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Show]:
    """On a database with three tasks, to which the models are bound."""
    path = tmp_path / "linod.sqlite"
    store = Store(f"sqlite:///{path}")
    store.open()
    store.add("checkdata", "", {"every_unit": "daily"})
    store.add("read_inbox", "", {"every_unit": "secondly", "every": 300, "log_level": "WARNING", "disabled": True})
    late = store.add("send_weekly_report", "", {"every_unit": "weekly", "saturday": True})
    store.plan(late, NOON + timedelta(days=3))
    store.close()
    database = peewee.SqliteDatabase(str(path))
    models.database.initialize(database)
    yield Show(ZoneInfo("Europe/Brussels"), FakeClock())
    database.close()
    models.database.initialize(None)


def squeezed(text: str) -> list[str]:
    return [" ".join(line.strip("=- ").split()) for line in text.splitlines()]


def test_the_system_tasks(show: Show, capsys: pytest.CaptureFixture[str]) -> None:
    show(SystemTasks)
    printed = capsys.readouterr().out
    assert squeezed(printed) == [
        "",
        "No. Name Logging level Disabled Status Background procedure ⇵",
        "",
        "1 checkdata INFO No Scheduled to run asap checkdata",
        "2 read_inbox WARNING Yes Disabled read_inbox",
        "3 send_weekly_report INFO No Scheduled to run at 27.11.2026 13:00 (3 days from now) send_weekly_report",
        "",
        "",
    ]
    frame = printed.splitlines()[0]
    assert re.fullmatch("=+( =+){6}", frame)
    assert (printed.splitlines()[2], printed.splitlines()[-2:]) == (frame.replace("=", "-"), [frame, ""])
    show(SystemTask)
    show(SystemTask.select().order_by(SystemTask.seqno))
    assert capsys.readouterr().out == printed * 2


def test_the_disabled_ones(show: Show, capsys: pytest.CaptureFixture[str]) -> None:
    show(DisabledSystemTasks)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines[3:-2]] == ["read_inbox"]
    SystemTask.update(disabled=False).execute()
    show(DisabledSystemTasks)
    assert capsys.readouterr().out == "No data to display\n"


def test_procedures_and_levels(show: Show) -> None:
    registry = Procedures()
    registry.add(Procedure("read_inbox", "demo", print, defaults={"every_unit": "secondly", "every": 300}))
    registry.add(Procedure("run_invoicing_tasks", "demo", print, "invoicing.Task", defaults={"every_unit": "daily"}))
    assert squeezed(show.text(registry))[1:-1] == [
        "value name text Task class Suggested recurrency",
        "",
        "read_inbox read_inbox read_inbox linod.SystemTask every=300, every_unit=secondly",
        "run_invoicing_tasks run_invoicing_tasks run_invoicing_tasks invoicing.Task every_unit=daily",
    ]
    assert show.text(LogLevels) == (
        "========== ========== ===============\n"
        " value      text       Numeric value\n"
        "---------- ---------- ---------------\n"
        " DEBUG      DEBUG      10\n"
        " INFO       INFO       20\n"
        " WARNING    WARNING    30\n"
        " ERROR      ERROR      40\n"
        " CRITICAL   CRITICAL   50\n"
        "========== ========== ==============="
    )
    assert show.text(LogLevel) == show.text(LogLevels)


def test_any_model_has_a_table(show: Show) -> None:
    SystemTask.objects.get(seqno=1).run_now("robin")
    SystemTask.objects.get(seqno=1).cancel_run("luc")
    lines = squeezed(show.text(Job))
    assert lines[1].startswith("id kind task_id task_name procedure state slot")
    assert lines[3].startswith("1 linod.SystemTask 1 checkdata checkdata cancelled")


def test_what_is_no_table_is_told(show: Show) -> None:
    for thing in (3, "SystemTasks", int):
        with pytest.raises(TypeError, match="is no table; take SystemTasks"):
            show(thing)


def test_kinds_have_their_columns() -> None:
    assert layout_of("linod.SystemTask") is SYSTEM_TASKS
    assert headers(layout_of("invoicing.Task")) == ["No.", "Name", "Disabled", "When", "Status"]
    row = {"seqno": 1, "name": "Make SRV", "disabled": False, "when": "Every day", "status": "Disabled", "more": 0}
    assert cells(layout_of("invoicing.Task"), row) == [1, "Make SRV", False, "Every day", "Disabled"]
