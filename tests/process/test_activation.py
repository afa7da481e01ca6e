"""A start that ends with 78: all who wait in systemd's socket are told why, else systemd starts linod again at once."""

import os
import select
import sqlite3
import subprocess
from collections.abc import Callable

import pytest

from tests.process.activation import activated, refused
from tests.process.site import Site


def unknown_key(site: Site) -> str:
    site.settings["max_job"] = 3
    return "unknown setting 'max_job'"


def no_interpreter(site: Site) -> str:
    site.host["python"] = str(site.directory / "missing")
    return "there is no interpreter"


def not_a_program(site: Site) -> str:
    """The settings are fine; starting it is not."""
    broken = site.directory / "python"
    broken.write_bytes(b"\0\0\0\0")
    broken.chmod(0o755)
    site.host["python"] = str(broken)
    return "[host] python ="


def interpreter_without_linod(site: Site) -> str:
    """Found out by the running daemon, whose server has the socket by then."""
    python = site.directory / "python"
    python.write_text("#!/bin/sh\necho \"ModuleNotFoundError: No module named 'linod'\" >&2\nexit 1\n")
    python.chmod(0o755)
    site.host["python"] = str(python)
    return "has no linod of its own"


def not_a_database(site: Site) -> str:
    site.state.mkdir()
    (site.state / "linod.sqlite").write_text("Dear Sir or Madam, " * 100)
    return "is not an SQLite database"


def newer_schema(site: Site) -> str:
    assert site.linod("prep").returncode == 0
    with sqlite3.connect(site.state / "linod.sqlite") as database:
        database.execute("INSERT INTO linod_schema (version) VALUES (999)")
    database.close()
    return "version 999"


def no_python_systemd(site: Site) -> str:
    (site.directory / "systemd.py").write_text("raise ImportError('not installed')\n")
    site.environ["PYTHONPATH"] = str(site.directory)
    return "python-systemd, which takes them, is not installed"


WRONG = [
    unknown_key,
    no_interpreter,
    not_a_program,
    interpreter_without_linod,
    not_a_database,
    newer_schema,
    no_python_systemd,
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__)
def test_all_who_wait_are_told_what_is_wrong(site: Site, wrong: Callable[[Site], str]) -> None:
    text = wrong(site)
    with activated(site) as systemd:
        # The status is answered while the host is being started: there, they have yet to ask.
        waiting = [systemd.wait(asks=wrong is not interpreter_without_linod) for _ in range(3)]
        systemd.start()
        for caller in waiting:
            error = refused(caller)
            assert (error.name, error.exit_code) == ("Configuration", 78)
            assert text in str(error)
        assert site.wait_end() == 78
        assert text in site.log()
        assert systemd.nobody_waits()


def test_linod_ctl_shows_it_and_ends_with_78(site: Site) -> None:
    text = unknown_key(site)
    with activated(site) as systemd:
        caller = subprocess.Popen(
            [str(site.python / "linod-ctl"), "run-now", "greet", "--wait"],
            env=site.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with caller:
            assert select.select([systemd.socket], [], [], 30)[0], "linod-ctl has connected"
            systemd.start()
            assert caller.wait(30) == 78
            assert caller.stderr is not None and text in caller.stderr.read()
        assert site.wait_end() == 78


def test_a_good_start_answers_those_who_waited_and_no_job_holds_the_socket(site: Site) -> None:
    site.plugin("""
    import os

    @background_task(every_unit="never")
    def descriptors(ar):
        names = []
        for fd in os.listdir("/proc/self/fd"):
            try:
                names.append(os.readlink(f"/proc/self/fd/{fd}"))
            except OSError:  # the directory's own
                pass
        with open(OUT, "w") as out:
            out.write("\\n".join(names))
    """)
    with activated(site) as systemd:
        caller = systemd.wait()
        systemd.start()
        with caller:
            assert caller._reply()[0]["status"]["state"] in ("loading", "ready")
        site.wait_for_message("READY=1")
        assert site.run_now("descriptors")["outcome"] == "succeeded"
        inode = os.fstat(systemd.socket.fileno()).st_ino
        assert site.output() and f"socket:[{inode}]" not in site.output()
        assert site.stop() == 0
        assert systemd.nobody_waits()


def test_without_a_socket_of_systemd_nothing_is_refused(site: Site) -> None:
    """LISTEN_FDS of another process, as a shell below a socket-activated service has it."""
    text = unknown_key(site)
    done = site.linod(LISTEN_FDS="1", LISTEN_PID="1")
    assert done.returncode == 78
    assert text in done.stderr
