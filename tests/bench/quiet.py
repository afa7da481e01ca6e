"""A request after 20 s of quiet: caches and cores have gone cold meanwhile, for the floor's probe as well."""

import time
from collections.abc import Sequence

from tests.bench.operate import run_now
from tests.bench.request import TASK, latency
from tests.bench.site import Bench, site
from tests.bench.verdict import Figure, floor_plus, median

QUIET = 20.0  # seconds


def measure(bench: Bench) -> Sequence[Figure]:
    linod: list[float] = []
    floor: list[float] = []
    quiet = bench.samples(20, 2) / 20 * QUIET
    with site(bench) as place, place.running() as daemon, place.floor() as probe:
        for _ in range(bench.samples(20, 5)):
            time.sleep(quiet / 2)  # each is asked in the middle of the other's quiet
            linod.append(latency(lambda: run_now(daemon.client, TASK), place.lines))
            time.sleep(quiet / 2)
            floor.append(latency(probe.ask, probe.lines))
    note = f"{len(linod)} requests; max {max(linod):.1f} ms"
    name = f"request to first line after {quiet:g} s of quiet, p50"
    return [Figure(name, "ms", median(linod), floor_plus(2), median(floor), note)]
