"""What follows a job, in a real daemon: a retry that waits in the row, a slot that replaces, another attempt."""

import os
import signal

from tests.process.site import Site

PLUGIN = """
import os, select

def begun(ar):
    with open(OUT, "a") as out:
        out.write(ar.job["task_name"] + "\\n")

@background_task(every_unit="never", on_failure="retry", retry_pause=5)
def flaky(ar):
    begun(ar)
    if ar.job["attempt"] == 1:
        raise ValueError("the first attempt")

@background_task(every_unit="secondly", every=2, overlap="replace")
def replaced(ar):
    begun(ar)
    select.select([], [], [], 600)

@background_task(every_unit="never", on_crash="again")
def long(ar):
    begun(ar)
    while not os.path.exists(OUT + ".go"):
        select.select([], [], [], 0.02)
"""


def begin(site: Site, name: str) -> None:
    site.plugin(PLUGIN)
    site.start()
    with site.client() as client:
        if name != "replaced":
            client.call("Disable", task="replaced")
            client.call("RunNow", task=name)
    site.wait_until(lambda: name in site.output(), "the job")


def ended(site: Site, name: str, *outcomes: str | None) -> None:
    site.wait_until(lambda: [job["outcome"] for job in site.jobs(name)] == list(outcomes), f"{name} {outcomes}")


def test_a_retry_waits_through_a_kill_of_the_daemon(site: Site) -> None:
    begin(site, "flaky")
    ended(site, "flaky", "failed")
    assert site.process is not None
    waiting = site.task("flaky")
    assert waiting["status"].startswith("Retry 1 of 3 at ")
    os.kill(site.process.pid, signal.SIGKILL)
    site.wait_end()
    site.forget_messages()
    site.start()
    ended(site, "flaky", "succeeded", "failed")
    second, first = site.jobs("flaky")
    assert (second["attempt"], second["requested_at"]) == (2, first["requested_at"])
    assert second["node"] != first["node"]
    assert second["claimed_at"] >= waiting["next_due"][:19]
    assert site.task("flaky")["failures"] == 0


def test_the_next_slot_replaces_a_job_that_still_runs(site: Site) -> None:
    begin(site, "replaced")
    site.wait_until(lambda: site.output().count("replaced") >= 2, "the job of the next slot")
    first = site.jobs("replaced")[-1]
    assert first["outcome"] == "cancelled"
    assert first["message"].startswith("replaced by its next slot after it had run ")
    assert not site.task("replaced")["disabled"]


def test_a_job_that_a_stop_ended_runs_again_at_the_next_start(site: Site) -> None:
    site.settings |= {"stop_timeout": 0.2}
    begin(site, "long")
    assert site.stop() == 0
    site.forget_messages()
    site.start()
    site.wait_until(lambda: site.output().count("long") == 2, "the second attempt")
    (site.directory / "out.go").touch()
    ended(site, "long", "succeeded", "interrupted")
    second, first = site.jobs("long")
    assert (first["attempt"], second["attempt"]) == (1, 2)
    assert second["requested_by"] == first["requested_by"]
