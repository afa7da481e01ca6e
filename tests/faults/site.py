"""A site whose machine is going to fail it: its tasks, and how to tell that it works again."""

import time
from contextlib import suppress

import pytest

from linod.errors import LinodError
from tests.crash.site import MARK
from tests.process.site import Site

PLUGIN = (
    MARK
    + """
@background_task(every_unit="never")
def quick(ar):
    mark(ar)

@background_task(every_unit="never")
def waits(ar):
    mark(ar)
    while not os.path.exists(OUT + ".go"):
        select.select([], [], [], 0.02)

@background_task(every_unit="secondly", every=1)
def each_second(ar):
    mark(ar)
"""
)


def prepare(site: Site) -> None:
    site.settings |= {"background_sleep_time": 1, "kill_grace": 1}
    site.plugin(PLUGIN)


def begin(site: Site) -> None:
    """A daemon with one running job."""
    site.start()
    with site.client() as client:
        client.call("RunNow", task="waits")
    site.wait_until(lambda: len(site.output()) >= 1 and running(site), "the job")


def running(site: Site) -> bool:
    return bool(site.jobs("waits")) and site.jobs("waits")[0]["started_at"] is not None


def errors(site: Site) -> list[str]:
    """The ERROR records."""
    return [line.removeprefix("ERROR: ") for line in site.lines() if line.startswith("ERROR: ")]


def each_reason_once(site: Site) -> bool:
    """Something went wrong, and each reason was said once. How many there are depends on the moment of the looks."""
    found = errors(site)
    return 1 <= len(set(found)) == len(found)


def goes_on(site: Site, began: float, capsys: pytest.CaptureFixture[str]) -> None:
    """Jobs run again; tells how soon."""
    site.wait_until(lambda: again(site), "a job after the fault")
    with capsys.disabled():
        print(f" runs again after {time.monotonic() - began:.1f} s", end="")


def again(site: Site) -> bool:
    with suppress(LinodError):  # still away
        return bool(site.run_now("quick")["outcome"] == "succeeded")
    return False


def end_waiting(site: Site) -> None:
    """The job that ran through the fault ends as if nothing had been."""
    (site.directory / "out.go").touch()
    site.wait_until(lambda: all(job["outcome"] for job in site.jobs("waits")), "the job's end")
    assert site.jobs("waits")[-1]["outcome"] == "succeeded"
