"""SIGTERM to exit: idle, and with a job that needs four seconds more."""

from collections.abc import Sequence

from tests.bench.operate import jobs, run_now
from tests.bench.site import Bench, Site, site
from tests.bench.verdict import Figure, Unmeasured, at_most, median

JOB = "need_four_seconds"


def measure(bench: Bench) -> Sequence[Figure]:
    with site(bench) as place:
        with place.running():
            pass  # the first start: makes the rows, disables the demo's
        idle = [place.start().stop() for _ in range(bench.samples(15, 5))]
        busy = [with_a_job(place) for _ in range(bench.samples(3, 1))]
        check_outcomes(place, len(busy))
    return [
        Figure("stop when idle, p50", "s", median(idle), at_most(0.1), note=f"{len(idle)} stops"),
        Figure("stop with 4 s of a job left, p50", "s", median(busy), at_most(4.1), note=f"{len(busy)} stops"),
    ]


def with_a_job(place: Site) -> float:
    """Seconds from SIGTERM to exit, with a job that has just begun."""
    daemon = place.start()
    run_now(daemon.client, JOB)
    place.lines.next()
    return daemon.stop()


def check_outcomes(place: Site, expected: int) -> None:
    """A fast stop that ended the job early would be no stop: all of them must have succeeded."""
    daemon = place.start()
    states = [job["state"] for job in jobs(daemon.client, JOB)]
    daemon.stop()
    if states != ["succeeded"] * expected:
        raise Unmeasured(f"the jobs that linod should have let finish are {states}")
