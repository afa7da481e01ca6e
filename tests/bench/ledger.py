"""What a job costs among a million others that the ledger keeps: as much as among a thousand."""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from linod.policies import Policy
from linod.store import Store
from linod.tasks import NOTHING_TO_PLAN, SYSTEM_TASK, Task, TaskKey
from tests.bench import site as sites
from tests.bench.environment import BUILD
from tests.bench.verdict import Figure, at_most, floor_plus, floor_times, median
from tests.store.moments import end
from tests.store.test_history import fill

FEW, MANY = 1000, 1_000_000
TASKS = {FEW: 50, MANY: 1000}
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
KEY = TaskKey(SYSTEM_TASK, 7)

BEGIN = datetime(2026, 1, 1, 6, tzinfo=UTC)

LISTS: Mapping[str, Callable[[Store], object]] = {
    "all": lambda store: store.jobs(limit=20),
    "of a task": lambda store: store.jobs(key=KEY, limit=20),
    "failed": lambda store: store.jobs(states=["failed", "missed"], limit=20),
    "failed of a task": lambda store: store.jobs(key=KEY, states=["failed", "missed"], limit=20),
    "of an hour": lambda store: store.jobs(since=BEGIN, until=BEGIN + HOUR, limit=20),
    "failed of an hour": lambda store: store.jobs(since=BEGIN, until=BEGIN + HOUR, states=["failed"], limit=20),
}
"""Each is a page of `linod-ctl jobs`."""


def measure(bench: sites.Bench) -> Sequence[Figure]:
    """All in the same seconds, by turns."""
    took: dict[str, dict[int, list[float]]] = {name: {FEW: [], MANY: []} for name in ("run", *LISTS)}
    batches: list[float] = []
    with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as directory:
        stores = {size: _filled(Path(directory) / str(size), size) for size in (FEW, MANY)}
        tasks = {size: store.add("p", "p", {"every_unit": "never"}) for size, store in stores.items()}
        for _ in range(bench.samples(300, 30)):
            for size, store in stores.items():
                took["run"][size].append(_timed(_run, store, tasks[size]))
                for name, look in LISTS.items():
                    took[name][size].append(_timed(look, store))
        now = datetime.now(UTC) + 400 * DAY
        for number in range(bench.samples(300, 30)):
            key = TaskKey(SYSTEM_TASK, number % TASKS[MANY] + 1)
            batches.append(_timed(stores[MANY].trim, key, Policy(keep_jobs=20), now, 50))
        for store in stores.values():
            store.close()
    run = took.pop("run")
    figures = [
        Figure(
            f"jobs, {name}, of 1,000,000, p50",
            "ms",
            median(of[MANY]),
            at_most(3),
            note=f"of 1,000: {median(of[FEW]):.2f}",
        )
        for name, of in took.items()
    ]
    return [
        Figure(
            "claim to end, of 1,000,000 jobs against 1,000",
            "ms",
            median(run[MANY]),
            floor_times(1.25),
            median(run[FEW]),
        ),
        *figures,
        Figure("removal of 50 jobs, of 1,000,000", "ms", median(batches), floor_plus(4), median(run[FEW]) / 3),
    ]


def _filled(place: Path, size: int) -> Store:
    place.mkdir()
    store = Store(f"sqlite:///{place}/linod.sqlite")
    store.open()
    fill(place / "linod.sqlite", size, TASKS[size])
    return store


def _timed(what: Callable[..., object], *given: object) -> float:
    began = time.perf_counter()
    what(*given)
    return (time.perf_counter() - began) * 1000


def _run(store: Store, task: Task) -> None:
    """A job from its request to its end, in three commits."""
    now = datetime.now(UTC)
    _, job = store.claim_request(task, by="bench", log_level=None, slot=None, now=now, node="n", boot_id="b")
    assert job is not None
    end(store, job, now=now, next_due=NOTHING_TO_PLAN)
