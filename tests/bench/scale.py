"""What a task costs that is not due: nothing, of ten as of a million."""

import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from linod.runner import Site
from linod.runner.turn import run_turn
from linod.store import Store
from linod.tasks import SYSTEM_TASK
from tests.bench import site as sites
from tests.bench.crowd import copy_crowd
from tests.bench.environment import BUILD
from tests.bench.idle import MINUTE, SETTLE
from tests.bench.processes import Usage, pss_kib, tree, usage
from tests.bench.punctual import each_second
from tests.bench.verdict import Figure, at_most, floor_plus, floor_times, median, percentile

FEW, MANY, MOST = 10, 100_000, 1_000_000
SIZES = (FEW, 1000, MANY, MOST)


def measure(bench: sites.Bench) -> Sequence[Figure]:
    return [*passes(bench), *daemons(bench), *lateness(bench)]


def passes(bench: sites.Bench) -> Sequence[Figure]:
    """One pass with nothing due, at each size; all in the same seconds, one after the other."""
    who = Site("node", "boot", ZoneInfo("Europe/Brussels"), {SYSTEM_TASK: {"do_nothing"}})
    now = datetime.now(UTC)
    took: dict[int, list[float]] = {size: [] for size in SIZES}
    with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as directory:
        stores = {}
        for size in SIZES:
            place = Path(directory) / str(size)
            place.mkdir()
            stores[size] = Store(f"sqlite:///{copy_crowd(size, place)}")
            stores[size].open()
        for _ in range(bench.samples(500, 50)):
            for size, store in stores.items():
                began = time.perf_counter()
                run_turn(store, now, 4, who, explain=False)
                took[size].append((time.perf_counter() - began) * 1000)
        for store in stores.values():
            store.close()
    note = ", ".join(f"{size:,}: {median(took[size]):.2f}" for size in SIZES)
    return [
        Figure("pass, nothing due, of 1,000,000, p50", "ms", median(took[MOST]), at_most(2), note=note),
        Figure("pass, of 1,000,000 against 10", "ms", median(took[MOST]), floor_times(1.25), median(took[FEW])),
    ]


def daemons(bench: sites.Bench) -> Sequence[Figure]:
    """A daemon with ten tasks and one with a million: its start, its memory, its quiet."""
    memory, ready, seconds = {}, {}, bench.samples(60, 15)
    for size in (FEW, MOST):
        with sites.site(bench, demo=False) as place:
            copy_crowd(size, place.state)
            starts = []
            for _ in range(bench.samples(5, 2)):
                daemon = place.start()
                starts.append(daemon.ready_after)
                daemon.stop()
            ready[size] = median(starts)
            with place.running() as daemon:
                daemon.client.close()
                time.sleep(SETTLE)
                before = {pid: usage(pid) for pid in tree(daemon.process.pid)}
                time.sleep(seconds if size == MOST else 1)
                after = {pid: usage(pid) for pid in tree(daemon.process.pid)}
                memory[size] = pss_kib(daemon.process.pid) / 1024
    cpu = Usage.between(before, after).cpu / (seconds / MINUTE)
    note = f"with ten tasks {ready[FEW]:.3f}"
    return [
        Figure("start to READY, of 1,000,000, p50", "s", ready[MOST], at_most(1.0), note=note),
        Figure("idle CPU a minute, of 1,000,000", "s", cpu, at_most(0.1), note=f"over {seconds} s"),
        Figure("daemon (PSS), of 1,000,000 against 10", "MiB", memory[MOST], floor_times(1.2), memory[FEW]),
    ]


def lateness(bench: sites.Bench) -> Sequence[Figure]:
    """A task due each second among 100,000 that are not, against a bare timer in the same minute."""
    with sites.site(bench, demo=False) as place:
        copy_crowd(MANY, place.state)
        with place.running() as daemon:
            late, floor, _ = each_second(place, daemon, bench.samples(60, 10))
    p99 = percentile(late, 99)
    return [
        Figure("lateness, each second, of 100,000, p50", "ms", median(late), floor_plus(4), median(floor)),
        Figure("lateness, each second, of 100,000, p99", "ms", p99, floor_plus(30), percentile(floor, 99)),
    ]
