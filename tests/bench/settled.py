"""kill -9 of the daemon in a job: how soon after the new start the job is settled as its task's on_crash says."""

import time
from collections.abc import Sequence

from tests.bench.operate import jobs, run_now, set_columns
from tests.bench.site import Bench, Daemon, Site, site
from tests.bench.verdict import Figure, Unmeasured, at_most

TASK = "need_four_seconds"
PATIENCE = 10.0


def measure(bench: Bench) -> Sequence[Figure]:
    """The worst of some: each of them is somebody's job."""
    again, following = [], []
    with site(bench) as place:
        with place.running():
            pass  # the first start: makes the rows, disables the demo's
        for number in range(bench.samples(10, 2)):
            daemon = place.start()
            try:
                set_columns(daemon.client, TASK, on_crash="again")
                run_now(daemon.client, TASK)
                place.lines.next()
                daemon, began = killed(place, daemon)
                again.append(place.lines.next().monotonic / 1e9 - began)
                set_columns(daemon.client, TASK, on_crash="next")
                daemon, began = killed(place, daemon)
                following.append(interrupted(daemon) - began)
                check(daemon, number + 1)
            finally:
                daemon.client.close()
                daemon.process.terminate()
                daemon.process.wait(30)
    note = f"of {len(again)} starts right after kill -9; with on_crash = "
    return [
        Figure("an interrupted job runs again, max", "s", max(again), at_most(0.5), note=f"{note}again"),
        Figure("an interrupted job is settled, max", "s", max(following), at_most(0.5), note=f"{note}next"),
    ]


def killed(place: Site, daemon: Daemon) -> tuple[Daemon, float]:
    """Kill a daemon that has a job, and start the next one at once: the old host may still be at its end. Returns the
    new one, and when it was started (CLOCK_MONOTONIC, seconds)."""
    daemon.client.close()
    daemon.process.kill()
    daemon.process.wait()
    began = time.monotonic()
    return place.start(), began


def interrupted(daemon: Daemon) -> float:
    """When an operator is told that the job of before is interrupted (CLOCK_MONOTONIC, seconds)."""
    deadline = time.monotonic() + PATIENCE
    while (state := next(jobs(daemon.client, TASK))["state"]) != "interrupted":
        if time.monotonic() > deadline:
            raise Unmeasured(f"the job that linod was killed in is {state}")
    return time.monotonic()


def check(daemon: Daemon, rounds: int) -> None:
    """Each round leaves two interrupted jobs, the second one an attempt of the first, and nothing more."""
    found = [(job["state"], job["attempt"]) for job in jobs(daemon.client, TASK)]
    if found != [("interrupted", 2), ("interrupted", 1)] * rounds:
        raise Unmeasured(f"the jobs that linod was killed in, and those after them, are {found}")
