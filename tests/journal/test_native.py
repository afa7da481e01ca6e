"""Native records, received as journald receives them, from a process that finds the socket where journald's is."""

import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

from linod.journal import Entry, Event, Journal
from linod.journal.native import NativeWriter
from tests.journal.receiver import DEADLINE, Receiver

LOGS = Path(__file__).parent / "programs" / "logs.py"
FLOODS = Path(__file__).parent / "programs" / "floods.py"


def entry(text: str, level: int = logging.INFO, event: Event | None = None, **fields: str) -> Entry:
    return Entry(level, text, event, fields, False)


def start(journald: Receiver, program: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return journald.start([sys.executable, str(program), *arguments], os.environ)


def test_under_systemd_each_record_comes_with_its_level_and_fields() -> None:
    with Receiver() as journald:
        process = start(journald, LOGS)
        process.communicate(timeout=DEADLINE)
        assert process.returncode == 0
        done = journald.wait_for(lambda record: record["MESSAGE"] == "Done")
        disabled = journald.wait_for(lambda record: record["PRIORITY"] == "3")

        assert done == {
            "MESSAGE": "Done",
            "PRIORITY": "6",
            "SYSLOG_IDENTIFIER": "linod",
            "LINOD_SITE": "demo",
            "MESSAGE_ID": Event.DONE.value,
        }  # and no CODE_*: nothing tells which line of which file sent it
        assert disabled["LINOD_TASK"] == "checkdata"
        assert disabled["LINOD_JOB"] == "4711"
        assert disabled["MESSAGE_ID"] == Event.TASK_DISABLED.value
        assert disabled["MESSAGE"] == "Disabled checkdata\nTraceback: ünknown\n  at line 1"
        assert journald.records[-1] == done
        assert journald.stderr.read_text() == ""


def test_a_record_of_a_logger_says_where_it_was_logged() -> None:
    with Receiver() as journald:
        start(journald, LOGS)
        record = journald.wait_for(lambda record: record["MESSAGE"] == "Start task runner")

        assert record["CODE_FILE"] == str(LOGS)
        assert record["CODE_FUNC"] == "main"
        assert "MESSAGE_ID" in record


def test_a_record_too_large_for_a_datagram_comes_whole() -> None:
    with Receiver() as journald:
        text = "x" * 20_000_000
        NativeWriter("demo", str(journald.path)).write(entry(text))

        assert journald.wait_for(lambda record: True)["MESSAGE"] == text


def test_each_level_has_its_priority() -> None:
    with Receiver() as journald:
        writer = NativeWriter("demo", str(journald.path))
        for level in (10, 20, 25, 30, 40, 50):
            writer.write(entry(str(level), level))
        journald.wait_for(lambda record: record["MESSAGE"] == "50")

        assert [record["PRIORITY"] for record in journald.records] == ["7", "6", "6", "4", "3", "2"]


def test_no_text_is_too_odd_to_be_sent() -> None:
    with Receiver() as journald:
        writer = NativeWriter("demo", str(journald.path))
        writer.write(entry("a\0b\udcff\x1b[31m\tc\r\n", LINOD_TASK="line\nbreak \udc80"))
        record = journald.wait_for(lambda record: True)

        assert record["MESSAGE"] == "a\\x00b\\udcff\\x1b[31m\tc"
        assert record["LINOD_TASK"] == "line\nbreak \\udc80"


def test_a_line_of_a_procedure_has_no_message_id() -> None:
    with Receiver() as journald:
        NativeWriter("demo", str(journald.path)).write(entry("a line", event=Event.JOB_RECORD))

        assert "MESSAGE_ID" not in journald.wait_for(lambda record: True)


def test_without_a_journald_records_go_to_standard_error_until_it_is_back() -> None:
    with Receiver() as journald:
        journald.unbind()
        process = start(journald, LOGS, "echo")
        away = ask(process, "one")
        assert away == ask(process, "two|lines")
        assert away.startswith("True The journal does not take records ([Errno 2] No such file or directory)")
        journald.bind()
        journald.read()

        assert ask(process, "three") == "True "
        journald.wait_for(lambda record: record["MESSAGE"] == "three")
        assert [record["MESSAGE"] for record in journald.records] == ["The journal takes records again.", "three"]
        said, *lines = journald.stderr.read_text().splitlines()
        assert said.startswith("<4>WARNING: The journal does not take records")
        assert lines == ["<6>one", "<6>two", "<6>lines"]


def test_a_journald_that_stops_reading_holds_nobody_up() -> None:
    with Receiver(reading=False) as journald:
        began = time.monotonic()
        output, _ = start(journald, FLOODS).communicate(timeout=DEADLINE)
        took = time.monotonic() - began

    said = json.loads(output)
    assert not said["closed"]
    assert 2.0 <= took < 2.0 + 5.0  # close() gave up after 2 s
    assert said["longest"] < 0.5  # one send(), on a machine that may be busy with other tests
    assert said["own_lost"] == 0
    assert said["kept"] >= 1000
    assert 15_000 < said["jobs_lost"] + said["kept"] <= 20_000  # the rest is what the kernel took


def test_the_records_kept_for_a_journald_that_had_stopped_reading_reach_it() -> None:
    with Receiver(reading=False) as journald:
        journal = Journal(NativeWriter("demo", str(journald.path)), capacity=1000)
        for number in range(2000):
            journal.send(logging.INFO, f"line {number}", of_job=True)
        journal.send_last("Done")
        journald.read()

        assert journal.close()
        journald.wait_for(lambda record: record["MESSAGE"] == "Done")
        *lines, report, done = journald.records
        assert f"{2000 - len(lines)} log records of jobs and 0 of linod itself were lost" in report["MESSAGE"]
        assert report["MESSAGE_ID"] == Event.RECORDS_LOST.value
        assert done["MESSAGE"] == "Done"


def ask(process: subprocess.Popen[bytes], line: str) -> str:
    """Have a started `logs.py echo` log a line; its answer."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(f"{line}\n".encode())
    process.stdin.flush()
    return process.stdout.readline().decode().removesuffix("\n")
