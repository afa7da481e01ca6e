"""kill -9 of the daemon, the host or both: every job is settled once, and no task ever runs twice at a time."""

import os
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from linod.lock import ProcessId
from tests.process.site import Site

PLUGIN = """
import fcntl, os, select

@background_task(every_unit="never")
def slow(ar):
    with open(OUT + ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            with open(OUT, "a") as out:
                out.write("twice at a time\\n")
            raise
        with open(OUT, "a") as out:
            out.write(f"{os.getpid()}\\n")
        while not os.path.exists(OUT + ".go"):
            select.select([], [], [], 0.02)

@background_task(every_unit="never")
def quick(ar):
    ar.info("quick")
"""


def begin(site: Site) -> tuple[int, int, int]:
    """A running job; the pids of daemon, host and job."""
    site.plugin(PLUGIN)
    site.start()
    with site.client() as client:
        client.call("RunNow", task="slow")
    site.wait_until(site.output, "the job")
    status = site.status()
    return status["pid"], status["host"]["pid"], int(site.output()[0])


def gone(pid: int) -> bool:
    """Whether a process has ended; a zombie has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
    except OSError:
        return True


def settled_once(site: Site, pid: int) -> None:
    """The next daemon finds the job interrupted, its process gone, and runs the task anew."""
    site.forget_messages()
    site.start()
    assert gone(pid)
    jobs = site.jobs("slow")
    assert [job["outcome"] for job in jobs] == ["interrupted"]
    task = site.task("slow")
    assert task["job_id"] is None and not task["disabled"] and task["last_end_time"]
    (site.directory / "out.go").touch()
    assert site.run_now("slow")["outcome"] == "succeeded"
    assert "twice at a time" not in site.output()
    assert site.stop() == 0
    assert site.log().count("was interrupted: linod ended while it ran") == 1
    assert site.lines()[-1] == "Done"


def test_kill_9_of_the_daemon_during_a_job_with_a_frozen_host(site: Site) -> None:
    daemon, host, job = begin(site)
    os.kill(host, signal.SIGSTOP)
    os.kill(daemon, signal.SIGKILL)
    site.wait_end()
    settled_once(site, job)
    assert gone(host)


def test_kill_9_of_the_daemon_during_a_job(site: Site) -> None:
    daemon, _, job = begin(site)
    os.kill(daemon, signal.SIGKILL)
    site.wait_end()
    settled_once(site, job)


def test_kill_9_of_daemon_and_host_during_a_job(site: Site) -> None:
    daemon, host, job = begin(site)
    os.kill(daemon, signal.SIGKILL)
    os.kill(host, signal.SIGKILL)
    site.wait_end()
    settled_once(site, job)


def test_a_clone_of_the_machine_settles_the_job_and_leaves_its_number_alone(site: Site) -> None:
    """There another process has the pid, and maybe the start time: only the boot id tells."""
    daemon, host, job = begin(site)
    for pid in (daemon, host):
        os.kill(pid, signal.SIGKILL)
    site.wait_end()
    bystander = subprocess.Popen(["sleep", "600"])
    other = ProcessId.of(bystander.pid)
    assert other is not None
    with closing(sqlite3.connect(site.state / "linod.sqlite", isolation_level=None)) as connection:
        changed = "UPDATE linod_job SET pid = ?, pid_started = ?, boot_id = 'of another run' WHERE state = 'running'"
        connection.execute(changed, (other.pid, other.started))
    settled_once(site, job)
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_kill_9_of_the_host_interrupts_its_jobs_and_another_takes_over(site: Site) -> None:
    _, host, job = begin(site)
    os.kill(host, signal.SIGKILL)
    site.wait_until(lambda: site.jobs("slow")[0]["outcome"], "end of the job")
    assert site.jobs("slow")[0]["outcome"] == "interrupted"
    site.wait_until(lambda: gone(job), "end of its process")
    site.wait_until(lambda: site.status()["host"]["pid"] not in (None, host), "another host")
    assert site.run_now("quick")["outcome"] == "succeeded"
    assert not site.task("slow")["disabled"]
    site.stop()


def test_a_request_that_waits_for_a_host_begins_with_it(site: Site) -> None:
    site.settings["background_sleep_time"] = 300
    _, host, _ = begin(site)
    os.kill(host, signal.SIGKILL)
    site.wait_for_log("The host is lost")
    with site.client() as client:
        client.call("RunNow", task="quick")
    site.wait_until(lambda: site.jobs("quick") and site.jobs("quick")[0]["outcome"], "its job")
    site.stop()


def test_a_waiting_request_survives_kill_9_and_runs_first(site: Site) -> None:
    site.settings["max_jobs"] = 1
    daemon, _, _ = begin(site)
    with site.client() as client:
        assert client.call("RunNow", task="quick")["job"] is None
    os.kill(daemon, signal.SIGKILL)
    site.wait_end()
    site.forget_messages()
    site.start()
    site.wait_until(lambda: site.jobs("quick"), "the request's job")
    site.wait_until(lambda: site.jobs("quick")[0]["outcome"] == "succeeded", "its end")
    site.stop()


def test_a_second_daemon_refuses_to_start_and_names_the_holder(site: Site) -> None:
    site.plugin(PLUGIN)
    site.start()
    pid = site.status()["pid"]
    other = site.linod()
    assert other.returncode == 1
    assert str(pid) in other.stderr
    assert site.status()["pid"] == pid
    assert site.run_now("quick")["outcome"] == "succeeded"
    site.stop()
