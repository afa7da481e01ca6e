"""A request on an open connection to the first line of the procedure, warm, in turn with the floor's probe."""

import random
import time
from collections.abc import Callable, Sequence

from tests.bench.floor import Floor
from tests.bench.lines import Lines
from tests.bench.operate import run_now
from tests.bench.site import Bench, Daemon, Site, site
from tests.bench.verdict import Figure, floor_plus, percentile

TASK = "tell_first_line"


def measure(bench: Bench) -> Sequence[Figure]:
    with site(bench) as place, place.running() as daemon, place.floor() as probe:
        return by_turns(bench.samples(200, 40), place, daemon, probe, "request to first line, warm")


def by_turns(count: int, place: Site, daemon: Daemon, probe: Floor, name: str) -> Sequence[Figure]:
    """Ask linod and the floor's probe, `count` times each: p50 and p99 of both, with the budgets of a request."""
    linod: list[float] = []
    floor: list[float] = []
    latency(lambda: run_now(daemon.client, TASK), place.lines)  # the first one of each is not counted
    latency(probe.ask, probe.lines)
    for _ in range(count):
        time.sleep(random.uniform(0.025, 0.075))  # so each is asked every 50 to 150 ms
        linod.append(latency(lambda: run_now(daemon.client, TASK), place.lines))
        time.sleep(random.uniform(0.025, 0.075))
        floor.append(latency(probe.ask, probe.lines))
    note = f"{len(linod)} requests 50-150 ms apart; max {max(linod):.1f} ms"
    return [
        Figure(f"{name}, p50", "ms", percentile(linod, 50), floor_plus(1.5), percentile(floor, 50), note),
        Figure(f"{name}, p99", "ms", percentile(linod, 99), floor_plus(5), percentile(floor, 99)),
    ]


def latency(ask: Callable[[], None], lines: Lines) -> float:
    """Milliseconds from just before the request to the first line."""
    began = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    ask()
    return (lines.next().monotonic - began) / 1e6
