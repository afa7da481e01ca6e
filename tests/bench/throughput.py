"""A thousand jobs that do nothing, two at a time, each in a process of its own, with the demo's plugins loaded."""

import fcntl
from collections.abc import Sequence

from tests.bench.operate import add, jobs, moment, run_now, wait_for_end, wait_until_idle
from tests.bench.processes import rss_kib, tree
from tests.bench.site import Bench, site
from tests.bench.verdict import Figure, Unmeasured, at_least


def measure(bench: Bench) -> Sequence[Figure]:
    count = bench.samples(1000, 200)
    with site(bench, max_jobs=2) as place, place.running() as daemon:
        client = daemon.client
        for number in range(2):
            add(client, "wait_at_the_gate", f"gate_{number}")
        with place.gate.open() as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            run_now(client, "gate_0")  # both job slots are taken until all requests are there
            run_now(client, "gate_1")
            for number in range(count):
                add(client, "do_nothing", f"nothing_{number}")
                run_now(client, f"nothing_{number}")
        # Requests are served in their order. Asking for the status all the time would be 5 % of what is measured.
        wait_for_end(client, f"nothing_{count - 1}")
        wait_until_idle(client)
        host = rss_kib(tree(daemon.process.pid)[1]) / 1024
        done = [job for job in jobs(client) if job["procedure"] == "do_nothing"]
    if len(done) != count or any(job["state"] != "succeeded" for job in done):
        raise Unmeasured(f"{count} jobs were asked for; the ledger has {sorted({job['state'] for job in done})}")
    first = min(moment(job["started_at"]) for job in done)
    last = max(moment(job["ended_at"]) for job in done)
    rate = count / (last - first).total_seconds()
    note = f"{count} jobs; host {host:.0f} MiB RSS"
    return [Figure("jobs a second, two at a time", "/s", rate, at_least(200), note=note)]
