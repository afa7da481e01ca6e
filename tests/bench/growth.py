"""Twenty thousand jobs, half of which log: the memory of the daemon after them is that after the first thousand."""

from collections.abc import Sequence
from contextlib import closing

from tests.bench.ledgerfile import LedgerFile
from tests.bench.operate import add, run_now, wait_until_idle
from tests.bench.processes import rss_kib, tree
from tests.bench.site import Bench, Daemon, site
from tests.bench.verdict import Figure, Unmeasured, at_most

TASKS = {f"grow_{number}": ("do_nothing", "log_ten_lines")[number % 2] for number in range(200)}

OVER = "SELECT max(id) FROM linod_job WHERE NOT EXISTS (SELECT 1 FROM linod_job WHERE state IN ('claimed', 'running'))"
"""The last job, when all have ended. Ids are never reused, so that it counts those that retention has removed."""


def measure(bench: Bench) -> Sequence[Figure]:
    """RSS: which other processes share the daemon's libraries at the moment makes no difference to it."""
    first, last = bench.samples(1000, 200), bench.samples(20_000, 1000)
    with site(bench) as place, place.running() as daemon, closing(LedgerFile(place)) as ledger:
        for name, procedure in TASKS.items():
            add(daemon.client, procedure, name)
        ((begun,),) = ledger.rows("SELECT coalesce(max(id), 0) FROM linod_job")
        for _ in range(first // len(TASKS)):
            all_once(daemon, ledger)
        before = memory(daemon)
        for _ in range((last - first) // len(TASKS)):
            all_once(daemon, ledger)
        after = memory(daemon)
        ((done,),) = ledger.rows("SELECT count(*) FROM linod_job WHERE id > ? AND state = 'succeeded'", begun)
    if done != last:
        raise Unmeasured(f"{last} jobs were asked for; {done} have succeeded")
    hosts = f"daemon {before[0]:.1f}, then {after[0]:.1f}; host {before[1]:.1f}, then {after[1]:.1f}"
    name = f"growth of the daemon, {first:,} to {last:,} jobs"
    return [Figure(name, "MiB", after[0] - before[0], at_most(2), note=hosts)]


def all_once(daemon: Daemon, ledger: LedgerFile) -> None:
    """One job of each task, to the end of the last one."""
    ((already,),) = ledger.rows("SELECT coalesce(max(id), 0) FROM linod_job")
    for name in TASKS:
        run_now(daemon.client, name)
    wanted = already + len(TASKS)
    ledger.wait_for(OVER, enough=lambda found: (found[0][0] or 0) >= wanted, timeout=60.0)


def memory(daemon: Daemon) -> tuple[float, float]:
    """MiB of the daemon and of its host, at rest."""
    wait_until_idle(daemon.client)
    main, host = tree(daemon.process.pid)[:2]
    return rss_kib(main) / 1024, rss_kib(host) / 1024
