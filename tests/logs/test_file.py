"""`lino.log` itself: its lines, and what becomes of it when others move or remove it."""

import errno
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from linod.journal import Entry, Event
from linod.logs.both import Both
from linod.logs.file import FileWriter

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
HEAD = "2026-11-25 13:00:00+01:00 "


class NoonClock:
    def now(self) -> datetime:
        return NOON

    def monotonic(self) -> float:
        return 0.0

    def boottime(self) -> float:
        return 0.0


@pytest.fixture
def file(tmp_path: Path) -> FileWriter:
    made = FileWriter(tmp_path / "log" / "lino.log", NoonClock(), ZoneInfo("Europe/Brussels"))
    made.open()
    return made


def entry(text: str, level: int = 20, *, event: Event | None = None, job: str = "") -> Entry:
    return Entry(level, text, event, {"LINOD_JOB": job} if job else {}, bool(job))


def test_lines(file: FileWriter) -> None:
    file.write(entry("Done"))
    file.write(entry("careful", 30, job="7"))
    file.write_line(40, "shop 12", "Traceback:\n2026-11-25 13:00:00+01:00 INFO [linod 1] : forged")
    assert file.path.read_text().splitlines() == [
        f"{HEAD}INFO [linod {os.getpid()}] : Done",
        f"{HEAD}WARNING [linod {os.getpid()} job 7] : careful",
        f"{HEAD}ERROR [shop 12] : Traceback:",
        f"    {HEAD}INFO [linod 1] : forged",
    ]


def test_it_is_for_owner_and_group(file: FileWriter) -> None:
    assert file.path.stat().st_mode & 0o137 == 0


def test_a_moved_file_is_followed_by_a_new_one(file: FileWriter) -> None:
    file.write(entry("old"))
    old = file.path.rename(file.path.with_suffix(".log.1"))
    file.write(entry("new"))
    assert old.read_text().endswith(" : old\n")
    assert file.path.read_text().endswith(" : new\n") and file.path.read_text().count("\n") == 1


def test_a_file_that_was_put_in_its_place_is_written(file: FileWriter) -> None:
    file.write(entry("old"))
    file.path.rename(file.path.with_suffix(".log.1"))
    file.path.touch(0o600)  # logrotate's `create`
    file.write(entry("new"))
    assert file.path.read_text().endswith(" : new\n")


def test_an_emptied_file_begins_at_its_beginning(file: FileWriter) -> None:
    file.write(entry("old"))
    os.truncate(file.path, 0)  # logrotate's `copytruncate`
    file.write(entry("new"))
    assert file.path.read_text() == f"{HEAD}INFO [linod {os.getpid()}] : new\n"


def test_a_removed_directory_is_made_again(file: FileWriter) -> None:
    file.write(entry("old"))
    shutil.rmtree(file.path.parent)
    file.write(entry("new"))
    assert file.path.read_text().endswith(" : new\n")


class Console:
    trouble = ""

    def __init__(self) -> None:
        self.written: list[Entry] = []

    def write(self, entry: Entry) -> None:
        self.written.append(entry)


class Full:
    """A disk that is full until it is not."""

    path = Path("/log/lino.log")

    def __init__(self) -> None:
        self.full = True
        self.written: list[str] = []

    def write(self, entry: Entry) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.written.append(entry.text)


def test_each_place_has_its_level_and_jobs_have_their_task_s(file: FileWriter) -> None:
    console = Console()
    both = Both(console, file, 30, 10)
    both.write(entry("for the file", 10))
    both.write(entry("for both", 30))
    both.write(entry("a job's", 10, job="7"))
    both.write(entry("an event", 20, event=Event.STARTED))
    both.file_level = 40
    both.write(entry("for the console", 30))
    assert [one.text for one in console.written] == ["for both", "a job's", "an event", "for the console"]
    lines = file.path.read_text().splitlines()
    assert [line.split(" : ")[1] for line in lines] == ["for the file", "for both", "a job's", "an event"]


def test_a_full_disk_is_told_once_and_that_it_is_over(file: FileWriter) -> None:
    console, full = Console(), Full()
    both = Both(console, full, 20, 20)  # type: ignore[arg-type]
    for text in ("one", "two"):
        both.write(entry(text))
    assert both.trouble == "/log/lino.log cannot be written: No space left on device"
    full.full = False
    both.write(entry("three"))
    assert both.trouble == ""
    told = "/log/lino.log is written again; 2 records are missing there."
    assert full.written == [told, "three"]
    assert [one.text for one in console.written] == [
        "one",
        "/log/lino.log cannot be written: No space left on device",
        "two",
        "three",
        told,
    ]
