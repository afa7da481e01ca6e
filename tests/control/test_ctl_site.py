"""`linod-ctl` where something is in its way: no daemon, no permission, another version, wrong words."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from linod import __version__
from linod.cli.ctl.session import Session
from linod.control.address import listen
from linod.control.call import Call
from linod.control.client import CallFailed
from linod.control.server import refuse_waiting
from tests.control.command import Ctl
from tests.control.place import Place

READING = ["status", "list", "show x", "jobs", "log", "log -f", "procedures", "log-levels", "reload"]
ACTING = [
    "run-now x",
    "cancel-run x",
    "enable x",
    "disable x",
    "kill x",
    "set x every=1",
    "add x",
    "remove x",
]


@pytest.mark.parametrize("command", READING + ACTING)
def test_a_stopped_linod(tmp_path: Path, command: str) -> None:
    err = Ctl(tmp_path, None).refused("--site", "no-such-site", *command.split(), code=3)
    assert "linod is not running for site no-such-site" in err
    assert "/run/linod/no-such-site/control" in err
    assert "start it with `systemctl start linod@no-such-site`" in err


@pytest.mark.parametrize(("site", "command"), [(None, "linod-ctl list"), ("books", "linod-ctl --site books list")])
def test_what_shows_the_tasks_is_asked_of_the_same_site(
    capsys: pytest.CaptureFixture[str], site: str | None, command: str
) -> None:
    session = Session(site, False, False)
    unknown = {"text": "there is no task 'x'", "task": "x", "near": []}
    assert session.fail(CallFailed("org.linod.Control.NoSuchTask", unknown)) == 4
    assert capsys.readouterr().err.endswith(f"there is no task 'x'; `{command}` shows those there are\n")
    session.fail(CallFailed("org.linod.Control.NoSuchTask", unknown | {"near": ["xy"]}))
    assert "shows" not in capsys.readouterr().err


@pytest.mark.parametrize("command", READING)
def test_looking_at_a_stopped_linod_does_not_wake_it(tmp_path: Path, command: str) -> None:
    """systemd listens, no daemon runs: nobody may connect."""
    sock = listen(tmp_path / "control")
    (tmp_path / "pid").touch()
    Ctl(tmp_path, tmp_path / "control").refused(*command.split(), code=3)
    sock.setblocking(False)
    with pytest.raises(BlockingIOError):
        sock.accept()
    sock.close()


def test_acting_wakes_it(tmp_path: Path) -> None:
    sock = listen(tmp_path / "control")
    process = Ctl(tmp_path, tmp_path / "control").start("enable", "x")
    sock.settimeout(10)
    accepted, _ = sock.accept()
    accepted.close()
    assert "ended the connection before it answered" in process.communicate(timeout=10)[1]
    assert process.returncode == 1
    sock.close()


def test_a_linod_that_cannot_start_says_why(tmp_path: Path) -> None:
    sock = listen(tmp_path / "control")
    process = Ctl(tmp_path, tmp_path / "control").start("enable", "x")
    sock.settimeout(10)
    socket.socket(fileno=os.dup(sock.fileno()))
    while refuse_waiting(sock, "linod.toml:3: unknown setting 'plugin'") == 0:
        pass
    assert "unknown setting 'plugin'" in process.communicate(timeout=10)[1]
    assert process.returncode == 78
    sock.close()


def test_no_permission_on_the_socket(place: Place, tmp_path: Path) -> None:
    place.serve({}, allowed=lambda peer: False)
    err = Ctl(tmp_path, place.control).refused("list", code=77)
    assert "permission denied: join the group linod" in err
    assert "use sudo" in err


def test_an_older_linod_at_the_other_end(place: Place, tmp_path: Path) -> None:
    place.serve({}, version="0.0.9")
    err = Ctl(tmp_path, place.control).refused("list", code=1)
    assert f"linod 0.0.9 answers at {place.control}, and this is linod-ctl {__version__}" in err
    assert "restart linod, or use its linod-ctl" in err


def test_something_else_at_the_other_end(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linod.control.server.INTERFACE", "org.example.Other")
    place.serve({})
    err = Ctl(tmp_path, place.control).refused("list", code=1)
    assert "which has no interface org.linod.Control" in err


def test_an_error_of_linod_itself(place: Place, tmp_path: Path) -> None:
    async def broken(call: Call) -> Mapping[str, object]:
        raise ValueError("a bug")

    place.serve({"ListLogLevels": broken})
    assert "its log has the traceback" in Ctl(tmp_path, place.control).refused("log-levels", code=1)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "Usage: linod-ctl"),
        (["nosuch"], "No such command"),
        (["list", "--nosuch"], "No such option"),
        (["run-now"], "Missing argument"),
        (["jobs", "-n", "x"], "-n"),
        (["--site", "../etc", "list"], "cannot name a site"),
    ],
)
def test_wrong_words(tmp_path: Path, words: list[str], text: str) -> None:
    done = Ctl(tmp_path, None)(*words)
    assert done.returncode in (0, 2, 78)
    assert text in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_help_and_version(tmp_path: Path) -> None:
    ctl = Ctl(tmp_path, None)
    assert ctl.said("--version") == f"linod-ctl {__version__}\n"
    for words in (["-h"], ["--help"]):
        out = ctl.said(*words)
        assert "run-now" in out
        assert "Exit codes: 0 done" in out
    for command in READING + ACTING:
        assert "--help" in ctl.said(command.split()[0], "-h")


def test_the_site_may_be_named_by_the_environment(tmp_path: Path) -> None:
    done = Ctl(tmp_path, None)("list", LINOD_SITE="books")
    assert "for site books" in done.stderr
    done = Ctl(tmp_path, None)("list", LINOD_CONTROL="/nonexistent/control")
    assert "/nonexistent/control, which LINOD_CONTROL names" in done.stderr
