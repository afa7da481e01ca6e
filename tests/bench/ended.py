"""The end of a job's process to its row, durable, in turn with a commit of the floor's: it has the same disk."""

import fcntl
import os
import random
import select
import time
from collections.abc import Sequence
from contextlib import closing

from tests.bench.ledgerfile import LedgerFile
from tests.bench.operate import run_now
from tests.bench.programs.floor import commit, open_database
from tests.bench.site import Bench, Daemon, Site, site
from tests.bench.verdict import Figure, Unmeasured, floor_plus, median

TASK = "wait_at_the_gate"
LOOKS = 0.0001
"""Seconds between two looks at the row: what is measured may be too long by that, never too short."""


def measure(bench: Bench) -> Sequence[Figure]:
    linod, floor = [], []
    with site(bench) as place, place.running() as daemon, closing(LedgerFile(place)) as ledger:
        database = open_database(str(place.state / "floor.sqlite"))
        for _ in range(bench.samples(200, 20)):
            linod.append(end_to_row(place, daemon, ledger))
            time.sleep(random.uniform(0.025, 0.075))
            began = time.monotonic()
            commit(database)
            floor.append((time.monotonic() - began) * 1000)
        database.close()
    note = f"{len(linod)} jobs; max {max(linod):.1f} ms"
    return [Figure("end of a process to its row, p50", "ms", median(linod), floor_plus(2), median(floor), note)]


def end_to_row(place: Site, daemon: Daemon, ledger: LedgerFile) -> float:
    """Milliseconds from the end of a job's process to the row that says so."""
    with place.gate.open() as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        run_now(daemon.client, TASK)
        ((job, pid),) = ledger.wait_for("SELECT id, pid FROM linod_job WHERE state = 'running'")
        process = os.pidfd_open(pid)
        try:
            time.sleep(random.uniform(0.025, 0.075))  # it has come to the gate, and linod is at rest
            fcntl.flock(gate, fcntl.LOCK_UN)
            if not select.select([process], [], [], 10.0)[0]:
                raise Unmeasured(f"job {job} did not end within 10 s")
            ended = time.monotonic()
        finally:
            os.close(process)
    ledger.wait_for("SELECT state FROM linod_job WHERE id = ? AND state = 'succeeded'", job, every=LOOKS)
    return (time.monotonic() - ended) * 1000
