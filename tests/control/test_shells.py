"""Completion in real shells, against a real control socket."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from linod.control.address import listen
from tests.control.command import Ctl
from tests.control.daemon import Daemon
from tests.control.shells import COMMANDS, FILES, ROOT, Shell, shell

AWKWARD = ["two words", "l'ete", 'say "hi" now', "cost $5", "back\\slash", "a=b:c d", "tab*le?"]


@pytest.fixture(params=COMMANDS)
def books(request: pytest.FixtureRequest, daemon: Daemon, tmp_path: Path) -> Iterator[Shell]:
    """A shell on a machine where the daemon of the site `books` runs."""
    (tmp_path / "shell").mkdir()
    with shell(request.param, tmp_path / "shell", daemon.place.control.parent) as made:
        yield made


def test_the_files_are_those_that_would_be_made(tmp_path: Path) -> None:
    """If they are not: make completion"""
    subprocess.run([sys.executable, ROOT / "packaging" / "completion.py", tmp_path], check=True)
    made = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert made == {file.name: file.read_text() for file in FILES.iterdir()}
    assert sorted(made) == ["_linod", "_linod-ctl", "linod-ctl.bash", "linod-ctl.fish", "linod.bash", "linod.fish"]


def test_words_are_completed(books: Shell) -> None:
    """Zsh puts a sign behind that takes itself away: = behind an option, a comma in a list."""
    for typed, wanted in [
        ("linod-ctl cancel-r", "linod-ctl cancel-run "),
        ("linod-ctl --no-c", "linod-ctl --no-color "),
        ("linod-ctl run-now x --fol", "linod-ctl run-now x --follow "),
        ("linod-ctl run-now --log-level WAR", "linod-ctl run-now --log-level WARNING "),
        ("linod-ctl jobs --outcome timed", "linod-ctl jobs --outcome timed_out"),
        ("linod-ctl jobs --outcome=timed", "linod-ctl jobs --outcome=timed_out"),
        ("linod-ctl jobs --outcome failed,inter", "linod-ctl jobs --outcome failed,interrupted"),
        ("linod-ctl set x every_u", "linod-ctl set x every_unit="),
        ("linod-ctl set x every_unit=minu", "linod-ctl set x every_unit=minutely "),
        ("linod-ctl add x log_level=CRI", "linod-ctl add x log_level=CRITICAL "),
        ("linod-ctl add-user x --lang", "linod-ctl add-user x --language "),
        ("linod-ctl set-user x lang", "linod-ctl set-user x language="),
        ("linod-ctl --site sho", "linod-ctl --site shop "),
        ("linod-ctl --site=boo", "linod-ctl --site=books "),
        ("linod --sit=sho", "linod --sit=sho"),
        ("linod --site sho", "linod --site shop "),
        ("linod che", "linod check "),
        ("linod -v 3 prep --lo", "linod -v 3 prep --loops"),
    ]:
        assert books.completed(typed).rstrip("=, ") == wanted.rstrip("= "), (books.name, typed)


def test_names_come_from_the_daemon_of_the_site(books: Shell, daemon: Daemon) -> None:
    daemon.run(lambda: daemon.store.install_user("robin"))
    for typed, wanted in [
        ("linod-ctl --site books set-user robi", "linod-ctl --site books set-user robin "),
        ("linod-ctl --site books show checkd", "linod-ctl --site books show checkdata "),
        ("linod-ctl show --site=books checkd", "linod-ctl show --site=books checkdata "),
        (
            "linod-ctl --json run-now -w nightly --site books checkd",
            "linod-ctl --json run-now -w nightly --site books checkdata ",
        ),
        ("linod-ctl log -n 3 --site books checkd", "linod-ctl log -n 3 --site books checkdata "),
        ("linod-ctl --site books add nigh", "linod-ctl --site books add nightly "),
        ("linod-ctl --site books show nightly checkd", "linod-ctl --site books show nightly checkd"),  # it takes one
        ("linod-ctl --site shop show checkd", "linod-ctl --site shop show checkd"),  # that one does not run
        ("linod-ctl show checkd", "linod-ctl show checkd"),  # nor does the site linod
    ]:
        assert books.completed(typed) == wanted, (books.name, typed)


def test_names_are_quoted_as_the_shell_needs_it(books: Shell, daemon: Daemon, tmp_path: Path) -> None:
    """What stands on the line after TAB is run: linod-ctl gets the name as it is."""
    ctl = Ctl(tmp_path, daemon.place.control)
    for name in AWKWARD:
        ctl.said("add", "nightly", "--", f"name={name}")
    typed = ["two", "l", "say", "cost", "back", "a", "tab"]
    for name, word in zip(AWKWARD, typed, strict=True):
        shown = books.run(f"linod-ctl --site books show {word}", until=" Recurrence: ")
        assert f"({name})" in shown, (books.name, name, shown)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_stopped_linod_is_neither_started_nor_waited_for(name: str, tmp_path: Path) -> None:
    """systemd listens, no daemon runs: nobody may connect."""
    runtime = tmp_path / "run"
    runtime.mkdir()
    sock = listen(runtime / "control")
    (runtime / "pid").touch()
    with shell(name, tmp_path, runtime, LINOD_SITE="books") as made:
        made.completed("linod-ctl show")  # the shell has loaded what it loads at first
        began = time.monotonic()
        assert made.completed("linod-ctl show checkd") == "linod-ctl show checkd"
        assert time.monotonic() - began < 3  # 0.1-0.2 s on a machine that does nothing else
    sock.setblocking(False)
    with pytest.raises(BlockingIOError):
        sock.accept()
    sock.close()
