"""Stopping: by which signal, during what, and what is left."""

import os
import signal
import subprocess
from pathlib import Path

from tests.process.site import DEADLINE, Site

PLUGIN = """
import os, select, signal

@background_task(every_unit="never")
def slow(ar):
    with open(OUT, "a") as out:
        out.write("begun\\n")
    while not os.path.exists(OUT + ".go"):
        select.select([], [], [], 0.02)
    with open(OUT, "a") as out:
        out.write("finished\\n")

@background_task(every_unit="never")
def stubborn(ar):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with open(OUT, "a") as out:
        out.write("begun\\n")
    while True:
        select.select([], [], [], 600)
"""


def begin(site: Site, name: str) -> None:
    site.plugin(PLUGIN)
    site.start()
    with site.client() as client:
        client.call("RunNow", task=name)
    site.wait_until(lambda: site.output() == ["begun"], "the job")


def settled(site: Site, name: str) -> dict[str, object]:
    """The last job of a task, asked of the next daemon."""
    site.forget_messages()
    site.start()
    job: dict[str, object] = site.jobs(name)[0]
    assert site.task(name)["job_id"] is None
    site.stop()
    return job


def test_sigterm_lets_a_running_job_finish(site: Site) -> None:
    begin(site, "slow")
    site.signal(signal.SIGTERM)
    site.wait_for_log("Waiting for 1 running")
    (site.directory / "out.go").touch()
    assert site.wait_end() == 0
    assert site.output() == ["begun", "finished"]
    assert site.lines()[-1] == "Done" and site.lines().count("Done") == 1
    assert settled(site, "slow")["outcome"] == "succeeded"


def test_past_stop_timeout_a_job_ends_as_interrupted(site: Site) -> None:
    site.settings |= {"stop_timeout": 0.5, "kill_grace": 0.5}
    begin(site, "stubborn")
    assert site.stop() == 0
    assert site.lines()[-1] == "Done"
    job = settled(site, "stubborn")
    assert job["outcome"] == "interrupted"


def test_a_second_signal_shortens_the_wait(site: Site) -> None:
    site.settings |= {"stop_timeout": 600, "kill_grace": 600}
    begin(site, "stubborn")
    site.signal(signal.SIGTERM)
    site.wait_for_log("Waiting for 1 running")
    site.signal(signal.SIGTERM)
    site.wait_for_log("Ending 1 running")
    site.signal(signal.SIGTERM)
    assert site.wait_end() == 0
    assert settled(site, "stubborn")["outcome"] == "interrupted"


def test_sigint_to_the_whole_foreground_group_during_a_job(site: Site) -> None:
    """Ctrl-C reaches the whole group of the terminal; only the daemon may hear it, and the job finishes."""
    site.plugin(PLUGIN)
    site.start(options={"process_group": 0})
    with site.client() as client:
        client.call("RunNow", task="slow")
    site.wait_until(lambda: site.output() == ["begun"], "the job")
    assert site.process is not None
    os.killpg(site.process.pid, signal.SIGINT)
    site.wait_for_log("Waiting for 1 running")
    (site.directory / "out.go").touch()
    assert site.wait_end() == 0
    assert site.output() == ["begun", "finished"]
    assert site.lines()[-1] == "Done"
    assert settled(site, "slow")["outcome"] == "succeeded"


def test_sighup_of_a_terminal_is_a_stop(site: Site) -> None:
    """`script` gives the daemon a controlling terminal and takes it away again when it is killed."""
    site.plugin(PLUGIN)
    command = " ".join(site.command()) + f" 2>>{site.stderr}"
    with subprocess.Popen(
        ["script", "--quiet", "--command", f"exec {command}", "/dev/null"],
        env=site.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as terminal:
        site.process = terminal
        site.wait_for_message("READY=1")
        pid = site.status()["pid"]
        terminal.kill()
        terminal.wait(DEADLINE)
        site.wait_until(lambda: site.lines()[-1:] == ["Done"], "Done")
        site.wait_until(lambda: not Path(f"/proc/{pid}").exists(), "end of the daemon")


def test_sighup_without_a_terminal_does_not_stop(site: Site) -> None:
    site.plugin(PLUGIN)
    site.start(options={"start_new_session": True})
    site.signal(signal.SIGHUP)
    site.wait_for_log("Reloaded")
    assert site.status()["state"] == "ready"
    assert site.stop() == 0
