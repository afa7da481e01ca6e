"""A job is ended from outside: by its timeout, by `linod-ctl kill`, by a stop. What the ledger and people are told."""

import pytest

from tests.process.site import Site

PLUGIN = """
import os, select, signal, time

def begun():
    with open(OUT, "a") as out:
        out.write("begun\\n")

@background_task(every_unit="never")
def waits(ar):
    begun()
    while True:
        select.select([], [], [], 600)

@background_task(every_unit="never")
def deaf(ar):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    begun()
    while True:
        select.select([], [], [], 600)

@background_task(every_unit="never")
def short(ar):
    begun()
"""


def begin(site: Site, name: str) -> int:
    """Have a job run that waits; its id."""
    before = len(site.output())
    with site.client() as client:
        client.call("RunNow", task=name)
    site.wait_until(lambda: len(site.output()) > before, "the job")
    job: int = site.jobs(name)[0]["id"]
    return job


def ended(site: Site, name: str) -> dict[str, object]:
    """The last job of a task, when it has ended."""
    site.wait_until(lambda: site.jobs(name)[0]["outcome"], "its end")
    with site.client() as client:
        job: dict[str, object] = client.call("ShowJob", job=site.jobs(name)[0]["id"])["job"]
    return job


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("waits", "it cleaned up and ended"),
        ("deaf", "it did not end within kill_grace (0.2 s), and was killed"),
    ],
)
def test_a_timeout(site: Site, name: str, how: str) -> None:
    """It is a failure: the task is disabled, and one record says why."""
    site.settings |= {"kill_grace": 0.2}
    site.plugin(PLUGIN)
    site.start()
    assert site.ctl("set", name, "timeout=1").returncode == 0
    assert site.run_now("short")["outcome"] == "succeeded"
    waiting = site.ctl("run-now", "--wait", name)
    assert waiting.returncode == 11
    job = ended(site, name)
    assert (job["outcome"], job["message"]) == ("timed_out", f"ended after 1s, its timeout; {how}")
    assert ("select.select" in str(job["traceback"])) == (name == "waits")
    assert site.task(name)["disabled"]
    site.stop()
    assert f"after its timeout in job {job['id']}: ended after 1s, its timeout" in site.log()


def test_a_default_timeout_and_the_timeout_in_force_is_that_of_the_claim(site: Site) -> None:
    site.settings |= {"kill_grace": 0.2, "defaults.timeout": "1s"}
    site.plugin(PLUGIN)
    site.start()
    assert site.ctl("set", "deaf", "timeout=0").returncode == 0
    begin(site, "deaf")
    begin(site, "waits")
    assert site.ctl("set", "waits", "timeout=infinity").returncode == 0
    assert site.ctl("set", "deaf", "timeout=1").returncode == 0
    assert ended(site, "waits")["outcome"] == "timed_out"
    assert site.jobs("deaf")[0]["outcome"] is None
    site.ctl("kill", "deaf")
    assert str(ended(site, "deaf")["message"]).startswith("killed by ")
    site.stop()


def test_kill_says_what_it_did_and_a_second_one_that_it_was_done(site: Site) -> None:
    site.settings |= {"kill_grace": 600, "stop_timeout": 600}
    site.plugin(PLUGIN)
    site.start()
    job = begin(site, "deaf")
    first, second = site.ctl("kill", "deaf"), site.ctl("kill", "--job", str(job))
    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout.startswith(f"Ending job {job} of deaf.\n")
    assert second.stdout.startswith(f"Job {job} of deaf ends already: killed by ")
    site.signal(15)
    site.wait_for_log("Waiting for 1 running")
    site.signal(15)
    site.wait_for_log("Ending 1 running")
    site.signal(15)
    assert site.wait_end() == 0
    site.forget_messages()
    site.start()
    found = ended(site, "deaf")
    assert found["outcome"] == "cancelled"  # the first cause
    assert "after it had run " in str(found["message"])
    assert str(found["message"]).endswith("it was killed at once")
    assert not site.task("deaf")["disabled"]
    gone = site.ctl("kill", "--job", str(job))
    assert gone.returncode == 1
    assert f"job {job} of deaf does not run; it ended cancelled" in gone.stderr
    site.stop()
