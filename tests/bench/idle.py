"""Idle with ten tasks far ahead: CPU, wake-ups and memory of all processes, host and spare included."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tests.bench.operate import add
from tests.bench.processes import Usage, pss_kib, tree, usage
from tests.bench.site import Bench, site
from tests.bench.verdict import Figure, at_most

MINUTE = 60.0
SETTLE = 6.0  # seconds after which what follows the last change is over: longer than background_sleep_time


def measure(bench: Bench) -> Sequence[Figure]:
    far = (datetime.now(UTC) + timedelta(days=365)).date().isoformat()
    seconds = bench.samples(60, 15)
    with site(bench) as place, place.running() as daemon:
        for number in range(10):
            add(daemon.client, "do_nothing", f"far_{number}", every_unit="daily", start_date=far, start_time="04:00")
        daemon.client.close()
        time.sleep(SETTLE)
        before = {pid: usage(pid) for pid in tree(daemon.process.pid)}
        time.sleep(seconds)
        after = {pid: usage(pid) for pid in tree(daemon.process.pid)}
        memory = {pid: pss_kib(pid) / 1024 for pid in after}
    used, minutes = Usage.between(before, after), seconds / MINUTE
    note = f"over {seconds} s, {len(after)} processes"
    parts = " + ".join(f"{memory[pid]:.1f}" for pid in memory)
    return [
        Figure("idle CPU a minute", "s", used.cpu / minutes, at_most(0.05), note=note),
        Figure("idle wake-ups a minute", "", used.wakeups / minutes, at_most(60), note=note),
        Figure("idle memory (PSS)", "MiB", sum(memory.values()), at_most(52), note=f"daemon, host, spare: {parts}"),
    ]
