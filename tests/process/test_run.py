"""`linod run TASK`: one task in the terminal's own process, while no daemon serves the site."""

import os
import pty
import re
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.process.site import DEADLINE, Site

PLUGIN = """
import os, signal, sys, time
from pathlib import Path

@schedule_daily(start_time="04:00")
def fine(ar):
    ar.info("pid %d of %s, by %s", os.getpid(), ar.task.name, ar.user["username"])
    ar.debug("a detail")
    print("printed")

@schedule_daily()
def boom(ar):
    raise ValueError("bad voucher 17")

@schedule_daily()
def careful(ar):
    raise Warning("nothing to do")

@schedule_daily()
def debugged(ar):
    fruit = 6
    breakpoint()
    ar.info("fruit is %d", fruit)

@schedule_daily()
def waits(ar):
    try:
        Path(OUT).write_text("begun\\n")
        signal.pause()
    finally:
        with open(OUT, "a") as out:
            out.write("cleaned up\\n")

@background_task()
async def later(ar):
    ar.info("done later")
"""


@pytest.fixture(autouse=True)
def plugin(site: Site) -> None:
    site.plugin(PLUGIN)
    site.settings |= {"stop_timeout": 0, "kill_grace": 1}


def rows(site: Site, table: str) -> list[dict[str, Any]]:
    """What the ledger says, read past linod."""
    with closing(sqlite3.connect(site.state / "linod.sqlite")) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(f"SELECT * FROM linod_{table} ORDER BY id")]


def start(site: Site, *words: str) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    return subprocess.Popen(site.command(*words), env=site.environment(), stdout=pipe, stderr=pipe, text=True)


def test_a_task_runs_here_and_its_job_is_in_the_ledger(site: Site) -> None:
    process = start(site, "run", "fine")
    out, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, err
    assert out == "printed\n"
    assert f"pid {process.pid} of fine, by " in err  # this process, and no child
    assert "a detail" not in err
    assert re.search(r"^Successfully terminated System task #1 \(fine\) after .* \(job 1\)$", err, re.MULTILINE)

    (job,) = rows(site, "job")
    assert (job["state"], job["pid"], job["slot"], job["log_lines"]) == ("succeeded", process.pid, None, 1)
    assert job["requested_by"]
    task = rows(site, "systemtask")[0]
    assert (task["job_id"], task["requested_at"], task["last_end_time"]) == (None, None, job["ended_at"])
    assert task["next_due"] > job["ended_at"]  # its schedule goes on


def test_the_level_of_one_run(site: Site) -> None:
    done = site.linod("run", "fine", "--log-level", "debug")
    assert "a detail" in done.stderr
    assert "Start System task #1 (fine) with logging level DEBUG" in done.stderr
    assert rows(site, "systemtask")[0]["log_level"] == "INFO"


def test_the_outcome_is_the_exit_code(site: Site) -> None:
    failed = site.linod("run", "boom")
    assert failed.returncode == 10
    assert "ERROR: Disabled System task #2 (boom) after exception in job 1: ValueError: bad voucher 17" in failed.stderr
    assert "foreground" not in failed.stderr  # the traceback begins with the procedure
    assert site.linod("run", "careful").returncode == 0
    assert site.linod("run", "later").returncode == 0
    assert [job["state"] for job in rows(site, "job")] == ["failed", "warned", "succeeded"]
    assert [task["disabled"] for task in rows(site, "systemtask")[1:3]] == [1, 0]
    again = site.linod("run", "boom")
    assert "Disabled" not in again.stderr and "ended failed" in again.stderr


def test_what_cannot_be_run(site: Site) -> None:
    unknown = site.linod("run", "fin")
    assert (unknown.returncode, unknown.stderr.splitlines()[-1]) == (
        4,
        "linod: there is no task 'fin'; did you mean 'fine'?",
    )
    site.plugin(PLUGIN.replace("def fine", "def other"))
    gone = site.linod("run", "fine")
    assert gone.returncode == 2
    assert "System task #1 (fine) cannot run here: procedure fine: no plugin" in gone.stderr
    assert rows(site, "job") == []


def test_a_daemon_that_serves_the_site_is_to_be_asked(site: Site) -> None:
    site.start()
    refused = site.linod("run", "fine")
    assert refused.returncode == 1
    assert "another linod serves site" in refused.stderr
    assert "run-now TASK`" in refused.stderr
    assert site.stop() == 0


def test_no_daemon_starts_meanwhile(site: Site) -> None:
    process = start(site, "run", "waits")
    site.wait_until(lambda: site.output() == ["begun"], "begin")
    second = site.linod()
    assert second.returncode == 1
    assert f"pid {process.pid}" in second.stderr
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=DEADLINE)


@pytest.mark.parametrize(
    ("number", "state", "message", "code"),
    [
        (signal.SIGINT, "cancelled", "Ctrl-C", 13),
        (signal.SIGTERM, "interrupted", "ended by SIGTERM", 14),
        (signal.SIGHUP, "interrupted", "ended by SIGHUP: its terminal was closed", 14),
    ],
)
def test_a_signal_ends_it_truthfully(site: Site, number: int, state: str, message: str, code: int) -> None:
    process = start(site, "run", "waits")
    site.wait_until(lambda: site.output() == ["begun"], "begin")
    process.send_signal(number)
    _, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == code, err
    assert site.output() == ["begun", "cleaned up"]
    (job,) = rows(site, "job")
    assert (job["state"], job["message"]) == (state, message)
    assert rows(site, "systemtask")[4]["disabled"] == 0


def test_after_a_kill_the_next_start_settles_it(site: Site) -> None:
    process = start(site, "run", "waits")
    site.wait_until(lambda: site.output() == ["begun"], "begin")
    process.kill()
    process.communicate(timeout=DEADLINE)
    assert site.linod("run", "fine").returncode == 0
    assert [job["state"] for job in rows(site, "job")] == ["interrupted", "succeeded"]


def talk(site: Site, *answers: bytes) -> tuple[int, str]:
    """Run the debugged task on a terminal, and type an answer at each prompt."""
    site_command = site.command("run", "debugged")
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(site_command[0], site_command, site.environment(TERM="dumb"))
    said = b""
    waiting = list(answers)
    with closing(os.fdopen(terminal, "rb+", buffering=0)) as file:
        while True:
            try:
                piece = file.read(4096)
            except OSError:  # EIO: the other side is closed
                break
            if not piece:
                break
            said += piece
            if waiting and said.endswith(b"(Pdb) "):
                file.write(waiting.pop(0) + b"\n")
                said += b"\n"
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said.decode()


def test_a_debugger_has_the_terminal(site: Site) -> None:
    code, said = talk(site, b"p fruit * 7", b"fruit = 5", b"c")
    assert code == 0, said
    assert "42" in said
    assert "fruit is 5" in said


def test_quitting_the_debugger_disables_nothing(site: Site) -> None:
    code, said = talk(site, b"q")
    assert code == 13, said
    (job,) = rows(site, "job")
    assert (job["state"], job["message"]) == ("cancelled", "its debugger was quit")


def test_another_interpreter_must_have_this_linod(site: Site, tmp_path: Path) -> None:
    script = tmp_path / "python"
    script.write_text('#!/bin/sh\nexec /usr/bin/env -i /usr/bin/python3 -I -S "$@"\n')
    script.chmod(0o755)
    site.host["python"] = str(script)
    without = site.linod("run", "fine")
    assert without.returncode == 1
    assert "pip install linod" in without.stderr
