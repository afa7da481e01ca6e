"""The shell session of Lino's page, `from linod.demo.startup import *`, in processes of its own."""

import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.demo.terminal import DEADLINE, Terminal
from tests.process.site import BIN

Session = Callable[..., str]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    own = {"STATE_DIRECTORY": tmp_path / "state", "RUNTIME_DIRECTORY": tmp_path / "run", "LINOD_DEMO_DIR": tmp_path}
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "TZ": "UTC",
        **{key: str(path) for key, path in own.items()},
    }


@pytest.fixture
def session(environ: dict[str, str]) -> Session:
    """Runs lines in a session, and gives what they print."""

    def run(lines: str) -> str:
        program = "from linod.demo.startup import *\n" + textwrap.dedent(lines)
        done = subprocess.run(
            [sys.executable, "-c", program], env=environ, capture_output=True, text=True, timeout=DEADLINE
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_procedures_are_attributes(session: Session) -> None:
    lines = """
        print(Procedures.checkdata.suggested, linod.Procedures is Procedures)
        print("send_weekly_report" in dir(Procedures))
        try:
            Procedures.chekdata
        except AttributeError as error:
            print(error)
    """
    assert session(lines).splitlines() == [
        "every=1, every_unit=daily True",
        "True",
        "there is no procedure 'chekdata'; did you mean 'checkdata'?",
    ]


def test_the_tasks_are_there_in_the_pages_order_before_anything_ran(session: Session) -> None:
    lines = """
        for task in linod.SystemTask.objects.all():
            print(task.seqno, task.name, task.log_level)
        print(Job.select().count())
        dbhash.check_virgin()
    """
    assert session(lines).splitlines() == [
        "1 event_notification_scheduler WARNING",
        "2 generate_calendar_entries INFO",
        "3 checksummaries INFO",
        "4 checkdata INFO",
        "5 send_weekly_report INFO",
        "6 delete_older_changes INFO",
        "7 send_pending_emails_often WARNING",
        "8 send_pending_emails_daily INFO",
        "9 clear_seen_messages INFO",
        "10 read_inbox WARNING",
        "0",
    ]


def table(text: str) -> list[list[str]]:
    """The cells of a reStructuredText table, its header first."""
    edge, head, rule, *rows, last = text.strip("\n").splitlines()
    assert edge == last and set(edge) == {"=", " "} and edge.replace("=", "-") == rule
    starts = [match.start() for match in re.finditer("=+", edge)]
    ends = [*starts[1:], None]
    return [[line[start:end].strip() for start, end in zip(starts, ends, strict=True)] for line in (head, *rows)]


SECONDLY = "every=300, every_unit=secondly"
DAILY = "every=1, every_unit=daily"
WEEKLY = "every=1, every_unit=weekly, saturday=True, start_time=04:00"

PROCEDURES = [
    ("event_notification_scheduler", "linod.SystemTask", SECONDLY),
    ("generate_calendar_entries", "linod.SystemTask", DAILY),
    ("checksummaries", "linod.SystemTask", DAILY),
    ("checkdata", "linod.SystemTask", DAILY),
    ("send_weekly_report", "linod.SystemTask", WEEKLY),
    ("delete_older_changes", "linod.SystemTask", DAILY),
    ("send_pending_emails_often", "linod.SystemTask", "every=10, every_unit=secondly"),
    ("send_pending_emails_daily", "linod.SystemTask", DAILY),
    ("clear_seen_messages", "linod.SystemTask", DAILY),
    ("read_inbox", "linod.SystemTask", SECONDLY),
    ("run_invoicing_tasks", "invoicing.Task", DAILY),
]
"""The page's table."""


def test_the_table_of_procedures_is_the_pages(session: Session) -> None:
    assert table(session("rt.show(linod.Procedures)")) == [
        ["value", "name", "text", "Task class", "Suggested recurrency"],
        *([name, name, name, kind, suggested] for name, kind, suggested in PROCEDURES),
    ]


def test_the_table_of_logging_levels_is_the_pages(session: Session) -> None:
    assert (
        session("show(LogLevels)")
        == """\
========== ========== ===============
 value      text       Numeric value
---------- ---------- ---------------
 DEBUG      DEBUG      10
 INFO       INFO       20
 WARNING    WARNING    30
 ERROR      ERROR      40
 CRITICAL   CRITICAL   50
========== ========== ===============

"""
    )


def test_the_table_of_system_tasks_is_the_pages(session: Session) -> None:
    head, *rows = table(session("rt.show(linod.SystemTasks)\ndbhash.check_virgin()"))
    assert head == ["No.", "Name", "Logging level", "Disabled", "Status", "Background procedure", "⇵"]
    asap = "Scheduled to run asap"
    for number, ((name, _, suggested), row) in enumerate(zip(PROCEDURES[:-1], rows, strict=True), 1):
        level = "WARNING" if "secondly" in suggested else "INFO"
        assert row == [str(number), name, level, "No", asap if suggested is not WEEKLY else row[4], name, ""]
    assert re.fullmatch(r"Scheduled to run at \d\d\.\d\d\.\d{4} 04:00 \(.+ from now\)", rows[4][4])  # a Saturday


def test_what_is_disabled_has_a_table(session: Session) -> None:
    lines = """
        show(DisabledSystemTasks)
        obj = SystemTask.objects.get(name="checkdata")
        obj.disabled = True
        obj.save()
        rt.show(linod.DisabledSystemTasks)
    """
    nothing, _, shown = session(lines).partition("\n")
    assert nothing == "No data to display"
    assert [row[:5] for row in table(shown)[1:]] == [["4", "checkdata", "INFO", "Yes", "Disabled"]]


def test_the_date_of_ticket_6108(session: Session) -> None:
    lines = """
        obj = linod.SystemTask.objects.get(procedure=linod.Procedures.send_pending_emails_often)
        print(repr(obj.get_next_suggested_date(datetime.datetime(2025, 5, 16, 23, 59, 55))))
    """
    assert session(lines) == "datetime.datetime(2025, 5, 17, 0, 0, 5)\n"


def test_what_a_session_changed_is_named(session: Session) -> None:
    lines = """
        obj = SystemTask.objects.get(name="checkdata")
        obj.disabled = True
        obj.save()
        try:
            dbhash.check_virgin()
        except AssertionError as error:
            print(error)
        obj.disabled = False
        obj.save()
        dbhash.check_virgin()
    """
    assert session(lines) == "no longer as at the start of the session: linod_systemtask\n"


def test_the_pages_session_has_the_daemon_run_everything_anew(session: Session, environ: dict[str, str]) -> None:
    daemon = Terminal([BIN / "linod", "--settings", "linod.demo"], environ)
    try:
        daemon.wait_for("with warning 10 data problems")
        out = session("""
            for obj in linod.SystemTask.objects.all():
                print(obj.name, obj.last_start_time is not None)
                obj.last_start_time = None
                obj.disabled = False
                obj.save()
        """)
        assert "checkdata True\n" in out and "send_weekly_report False\n" in out
        daemon.wait_for_match(r"(?s)Run 1 data checkers.*Run 1 data checkers", 0)
    finally:
        daemon.close()


def test_a_second_session_finds_what_the_first_one_left(session: Session) -> None:
    session("SystemTask.delete().where(SystemTask.seqno == 9).execute()")
    assert session("print(SystemTask.select().count())") == "9\n"  # what somebody deleted stays deleted


def test_the_tables_of_the_page(session: Session) -> None:
    """Column by column and row by row; of the statuses only send_weekly_report's depends on the day (DESIGN)."""
    out = session("""
        for table in (Procedures, LogLevels, SystemTasks, linod.DisabledSystemTasks):
            show(table)
        rt.show(SystemTask)
    """)
    procedures, levels, tasks, disabled, again = out.rstrip("\n").replace("display\n", "display\n\n").split("\n\n")
    assert procedures == page("procedures")
    assert levels == page("log_levels")
    expected = page("system_tasks")
    assert [columns(line) for line in tasks.splitlines()] == [columns(line) for line in expected.splitlines()]
    assert disabled == "No data to display"
    assert again == tasks


def test_the_invoicing_tasks_of_the_page(session: Session) -> None:
    first = session("show(invoicing.Tasks); rt.show(invoicing.Task); dbhash.check_virgin()").rstrip("\n")
    table, again = first.split("\n\n")
    assert [columns(line) for line in table.splitlines()] == [
        [],
        ["No.", "Name", "Disabled", "When", "Status"],
        [],
        ["1", "Make Service reports (SRV)", "No", "Every day", "Scheduled to run at ..."],
        ["2", "Make Sales invoices (SLS)", "No", "Every day", "Scheduled to run at ..."],
        ["3", "Make Subscription invoices (SUB)", "No", "Every day", "Scheduled to run at ..."],
        [],
    ]
    assert again == table
    session("invoicing.Task.delete().where(invoicing.Task.seqno == 2).execute()")
    assert session("print([task.journal for task in invoicing.Task.objects.all()])") == "['SRV', 'SUB']\n"


def page(table: str) -> str:
    """A table as Lino's page has it."""
    return (Path(__file__).parent / "page" / f"{table}.txt").read_text().rstrip("\n")


def columns(line: str) -> list[str]:
    """The cells of a line; of the frame nothing, and no moments."""
    cells = re.split(r"\s{2,}", re.sub(r"Scheduled to run at .*?\)", "Scheduled to run at ...", line).strip())
    return [] if set(line) <= set("=- ") else cells


def test_the_page_s_session_has_tasks_run_anew(session: Session) -> None:
    out = session("""
        task = SystemTask.objects.get(procedure=Procedures.clear_seen_messages)
        job = task.run(rt.login())
        print(job.state, job.requested_by != "", linod.SystemTask.objects.get(id=task.id).last_end_time == job.ended_at)
        for obj in linod.SystemTask.objects.all():
            obj.last_start_time = None
            obj.disabled = False
            obj.save()
        show(SystemTask.objects.filter(procedure=Procedures.clear_seen_messages))
    """)
    assert out.splitlines()[0] == "succeeded True True"
    assert "Scheduled to run asap" in out


def test_session_1_a_voucher_that_is_saved_here_is_in_the_log_of_the_daemon(
    session: Session, environ: dict[str, str], tmp_path: Path
) -> None:
    file, lines = (
        tmp_path / "log" / "lino.log",
        re.compile(r"INFO \[python \d+\] : Saved voucher [A-Z]{3} 17/\d{4}\.\n"),
    )
    environ["LOGS_DIRECTORY"] = str(file.parent)
    session("Voucher.get(number=17).save()")
    assert not file.exists()  # no daemon, no file: a session writes to its standard error
    for times in (1, 2):
        daemon = Terminal([BIN / "linod", "--settings", "linod.demo"], environ)
        try:
            daemon.wait_for("Start task runner")
            session("Voucher.get(number=17).save()")
            daemon.process.terminate()
            assert daemon.wait_end() == 0
        finally:
            daemon.close()
        assert len(lines.findall(file.read_text())) == times
        assert "Saved voucher" not in daemon.text
        session("Voucher.get(number=17).save()")  # the daemon is stopped: nothing writes to its file
        assert len(lines.findall(file.read_text())) == times
