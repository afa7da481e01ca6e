"""A task due each second for a minute: how late its first line is, against a bare timer in the same minute."""

import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise

from tests.bench.environment import PROGRAMS
from tests.bench.operate import jobs, moment, set_columns
from tests.bench.request import TASK
from tests.bench.site import Bench, Daemon, Site, site
from tests.bench.verdict import Figure, at_most, floor_plus, median

SECOND = 1_000_000_000


def measure(bench: Bench) -> Sequence[Figure]:
    count = bench.samples(60, 10)
    with site(bench) as place, place.running() as daemon:
        late, floor, slots = each_second(place, daemon, count)
    note = f"{len(late)} slots; max {max(late):.1f} ms"
    return [
        Figure("lateness, each second, p50", "ms", median(late), floor_plus(3), median(floor), note),
        Figure("slots skipped, doubled or drifted", "", faults(sorted(slots), count), at_most(0)),
    ]


def each_second(place: Site, daemon: Daemon, count: int) -> tuple[list[float], list[float], list[int]]:
    """Have one task fall due each second. Returns how late it was and how late a bare timer, in milliseconds, and the
    slots."""
    set_columns(daemon.client, TASK, every_unit="secondly", every=1)
    first = place.lines.next()  # due at once: it begins the grid
    timer = subprocess.Popen(
        # half a second beside linod's grid, or one would wake the other's core
        [sys.executable, PROGRAMS / "timer.py", str(first.realtime + 3 * SECOND // 2), str(count)],
        stdout=subprocess.PIPE,
    )
    lines = {line.job: line for line in (place.lines.next() for _ in range(count))}
    set_columns(daemon.client, TASK, disabled=True)
    floor = [int(late) / 1e6 for late in timer.communicate()[0].split()]
    slots = {job["id"]: nanoseconds(job["slot"]) for job in jobs(daemon.client, TASK) if job["id"] in lines}
    late = [(lines[job].realtime - slot) / 1e6 for job, slot in slots.items()]
    return late, floor, list(slots.values())


def faults(slots: Sequence[int], expected: int) -> int:
    """How many steps from slot to slot are not exactly a second, plus how many slots are missing or too many."""
    steps = [after - before for before, after in pairwise(slots)]
    return sum(step != SECOND for step in steps) + abs(expected - len(slots))


def nanoseconds(text: str) -> int:
    """A moment of the wire as nanoseconds since 1970, exact to the microsecond."""
    whole = moment(text)
    return int(whole.replace(microsecond=0).timestamp()) * SECOND + whole.microsecond * 1000
