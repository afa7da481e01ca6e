"""The demo's data: how they come to be, and that they are the same each time."""

import subprocess
import sys
from pathlib import Path

import pytest

from linod.demo.database import books, transaction
from linod.demo.fixture import MISTAKES
from linod.demo.place import directory
from linod.demo.tables import Change, Mail, Movement, Partner, Voucher, database

FILES = {"books.sqlite", "books.sqlite-shm", "books.sqlite-wal", "Inbox"}

COUNT = """
from linod.demo.database import books
from linod.demo.tables import Voucher
with books():
    print(Voucher.select().count())
"""


def test_the_first_to_need_the_books_makes_them(place: Path) -> None:
    with books():
        assert Voucher.select().count() == 110
        assert (Movement.select().count(), Partner.select().count()) == (297, 8)
    assert {file.name for file in place.iterdir()} <= FILES


def test_who_comes_later_finds_them_as_they_are(place: Path) -> None:
    with books(), transaction():
        Voucher.delete().where(Voucher.number > 1).execute()
    with books():
        assert Voucher.select().count() == 4


def test_the_data_are_the_same_each_time(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def vouchers() -> list[str]:
        with books():
            return [str(voucher.__data__) for voucher in Voucher.select()]

    first = vouchers()
    monkeypatch.setenv("LINOD_DEMO_DIR", str(place / "other"))
    assert vouchers() == first


def test_several_processes_that_come_first_at_once_do_not_disturb_each_other(place: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", COUNT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [process.communicate(timeout=60) for process in processes] == [("110\n", "")] * 4
    assert {file.name for file in place.iterdir()} <= FILES


def test_the_books_can_be_read_while_a_job_writes(place: Path) -> None:
    with books(), transaction():
        Change.create(user="robin", text="not yet")
        assert subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True).stdout == "110\n"


def test_importing_the_plugin_opens_nothing_and_imports_neither_mail_nor_the_work() -> None:
    program = (
        "import sys, linod.demo.models\n"
        "heavy = {'smtplib', 'mailbox', 'email', 'asyncio', 'tempfile', 'peewee', 'dateutil', 'typer'}\n"
        "print(sorted(heavy & set(sys.modules)), sorted(name for name in sys.modules if name.startswith('linod.demo')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[] ['linod.demo', 'linod.demo.models']\n"


def test_without_a_directory_of_its_own_the_demo_is_in_the_users_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINOD_DEMO_DIR", raising=False)
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("HOME", "/home/robin")
    assert directory() == Path("/home/robin/.local/share/linod-demo")


def test_nine_vouchers_are_wrong_and_one_mail_waits(place: Path) -> None:
    assert len(MISTAKES) == 9
    with books():
        assert [mail.recipient for mail in Mail.select()] == ["arens@example.com"]
    assert database.is_closed()


def test_as_a_service_they_are_in_the_state_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINOD_DEMO_DIR", raising=False)
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/linod/demo:/var/lib/other")

    assert directory() == Path("/var/lib/linod/demo")
