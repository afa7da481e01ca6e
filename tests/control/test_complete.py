"""`linod-ctl complete`: what completion asks for, quick and silent."""

import fcntl
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from linod.cli.complete import PATIENCE, answers, sites
from linod.control.address import listen
from linod.control.client import Stopped
from tests.control.command import Ctl
from tests.control.daemon import BROKEN, PROCEDURES, Daemon


def test_names_of_tasks(daemon: Daemon, tmp_path: Path) -> None:
    ctl = Ctl(tmp_path, daemon.place.control)
    names = ["two words", "l'été", 'say "hi"', "cost: $5", "back\\slash", "-dash"]
    for name in names:
        ctl.said("add", "nightly", "--", f"name={name}")
    found = ctl.said("complete", "tasks").splitlines()
    assert set(found) == {*(procedure.name for procedure in PROCEDURES), *names}


def test_procedures_that_can_run(daemon: Daemon, tmp_path: Path) -> None:
    daemon.loaded = (*PROCEDURES, BROKEN)
    found = Ctl(tmp_path, daemon.place.control).said("complete", "procedures").splitlines()
    assert found == [procedure.name for procedure in PROCEDURES]


def test_sites_have_a_file(tmp_path: Path) -> None:
    etc, vendor = tmp_path / "etc", tmp_path / "vendor"
    for file in (etc / "linod.toml", etc / "books.toml", vendor / "books.toml", vendor / "demo.toml"):
        file.parent.mkdir(exist_ok=True)
        file.touch()
    for file in (etc / ".hidden.toml", etc / "no site.toml", etc / "books.toml~", vendor / "linod-0.1.whl"):
        file.touch()
    assert sites((etc, vendor, tmp_path / "missing")) == ["books", "demo", "linod"]


def test_the_site_that_is_named_is_asked(daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "books").symlink_to(tmp_path)
    monkeypatch.setattr("linod.settings.sites.SYSTEM_RUNTIME", tmp_path / "run")
    monkeypatch.delenv("LINOD_CONTROL", raising=False)
    assert "checkdata" in answers("books", "tasks")
    with pytest.raises(Stopped):
        answers("other", "tasks")
    monkeypatch.setenv("LINOD_SITE", "books")
    assert "checkdata" in answers(None, "tasks")


@pytest.mark.parametrize(
    "words", ["tasks", "procedures", "--site ../etc tasks", "nonsense", "", "tasks more", "--site"]
)
def test_whatever_is_wrong_nothing_is_said(tmp_path: Path, words: str) -> None:
    done = Ctl(tmp_path, tmp_path / "control")("complete", *words.split())
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_stopped_linod_stays_stopped(tmp_path: Path) -> None:
    """systemd listens, no daemon runs: nobody may connect."""
    sock = listen(tmp_path / "control")
    (tmp_path / "pid").touch()
    done = Ctl(tmp_path, tmp_path / "control")("complete", "tasks")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    sock.setblocking(False)
    with pytest.raises(BlockingIOError):
        sock.accept()
    sock.close()


def test_a_linod_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    """It lives, by its lock, and takes no connection."""
    sock = listen(tmp_path / "control")
    with (tmp_path / "pid").open("w") as pid:
        fcntl.fcntl(pid, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
        began = time.monotonic()
        done = Ctl(tmp_path, tmp_path / "control")("complete", "tasks")
        took = time.monotonic() - began
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert PATIENCE <= took < 5  # and not DEADLINE, after which the test gives up
    sock.settimeout(5)
    sock.accept()[0].close()  # it did ask
    sock.close()


def test_it_imports_little(daemon: Daemon, tmp_path: Path) -> None:
    """Somebody waits for the TAB key: typer alone takes 0.2 s."""
    program = (
        "import sys; sys.argv[1:] = ['complete', 'tasks']; from linod.cli.ctl import main; main(); print(*sys.modules)"
    )
    environ = Ctl(tmp_path, daemon.place.control).environ
    run = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True)
    assert "checkdata" in run.stdout
    assert not {"typer", "click", "rich", "peewee", "asyncio", "dateutil", "inspect"} & set(run.stdout.split())
