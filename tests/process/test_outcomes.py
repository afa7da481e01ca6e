"""However a procedure ends, its job has a true outcome and message, and nothing else is touched."""

import os
import signal

import pytest

from tests.process.site import Site

PLUGIN = """
import os, signal, sys

@background_task(every_unit="never")
def warns(ar):
    raise Warning("42 vouchers have no partner")

@background_task(every_unit="never")
def exits_well(ar):
    sys.exit()

@background_task(every_unit="never")
def exits_badly(ar):
    sys.exit(3)

@background_task(every_unit="never")
def interrupts(ar):
    raise KeyboardInterrupt

@background_task(every_unit="never")
def crashes(ar):
    os.kill(os.getpid(), signal.SIGSEGV)

@background_task(every_unit="never")
def leaves(ar):
    os._exit(7)

@background_task(every_unit="never")
def leaves_well(ar):
    os._exit(0)

@background_task(every_unit="never")
def closes_all(ar):
    os.closerange(3, 4096)

@background_task(every_unit="never")
def raises(ar):
    raise ValueError("voucher 17")

@background_task(every_unit="never")
async def awaits(ar):
    import asyncio
    await asyncio.sleep(0)
    ar.info("awaited")

@background_task(every_unit="never")
def waits(ar):
    import select
    with open(OUT, "w") as out:
        out.write(f"{os.getpid()}\\n")
    select.select([], [], [], 600)

@background_task(every_unit="never")
def fine(ar):
    print("printed")
    ar.info("fine")
"""


@pytest.mark.parametrize(
    ("name", "outcome", "message"),
    [
        ("warns", "warned", "42 vouchers have no partner"),
        ("exits_well", "succeeded", "sys.exit"),
        ("exits_badly", "failed", "sys.exit(3)"),
        ("interrupts", "failed", "KeyboardInterrupt"),
        ("crashes", "failed", "SIGSEGV"),
        ("leaves", "failed", "status 7"),
        ("leaves_well", "failed", "without reporting"),
        ("closes_all", "succeeded", ""),
        ("raises", "failed", "ValueError: voucher 17"),
        ("awaits", "succeeded", ""),
        ("fine", "succeeded", ""),
    ],
)
def test_outcome(site: Site, name: str, outcome: str, message: str) -> None:
    site.plugin(PLUGIN)
    site.start()
    job = site.run_now(name)
    assert job["outcome"] == outcome, job
    assert message in job["message"]
    assert site.task(name)["disabled"] == (outcome == "failed")
    assert site.run_now("fine")["outcome"] == "succeeded"  # and nothing else was touched
    site.stop()
    assert site.lines()[-1] == "Done"


def test_kill_9_of_a_child_by_someone(site: Site) -> None:
    site.plugin(PLUGIN)
    site.start()
    with site.client() as client:
        client.call("RunNow", task="waits")
    site.wait_until(site.output, "pid of the job")
    os.kill(int(site.output()[0]), signal.SIGKILL)
    site.wait_until(lambda: site.jobs("waits")[0]["outcome"], "its end")
    job = site.jobs("waits")[0]
    assert (job["outcome"], job["message"]) == ("failed", "killed by signal SIGKILL")
    assert job["exit_signal"] == signal.SIGKILL
    site.stop()


def test_a_failure_disables_with_one_error_record_naming_both_commands(site: Site) -> None:
    site.plugin(PLUGIN)
    site.start()
    job = site.run_now("raises")
    log = site.wait_for_log("ERROR: Disabled System task #")
    assert log.count("ERROR:") == 1
    assert f"linod-ctl --site s show-job {job['id']}" in log and "linod-ctl --site s enable raises" in log
    assert "Traceback (most recent call last)" in log

    shown = site.ctl("log", "--job", str(job["id"]))
    assert "ValueError: voucher 17" in shown.stdout
    assert site.ctl("enable", "raises").returncode == 0
    assert not site.task("raises")["disabled"]
    site.stop()


def test_linod_ctl_kill_ends_a_job_as_cancelled_and_disables_nothing(site: Site) -> None:
    site.plugin(PLUGIN)
    site.start()
    with site.client() as client:
        client.call("RunNow", task="waits")
    site.wait_until(site.output, "pid of the job")
    done = site.ctl("kill", "waits")
    assert done.returncode == 0, done.stderr
    site.wait_until(lambda: site.jobs("waits")[0]["outcome"], "its end")
    assert site.jobs("waits")[0]["outcome"] == "cancelled"
    assert not site.task("waits")["disabled"]
    site.stop()
