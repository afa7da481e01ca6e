"""`python -m tests.bench`: measure every budget, print the table, exit 1 when one is missed twice."""

import argparse
import math
import os
import platform
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from tests.bench import (
    burst,
    cgroup,
    command,
    ended,
    environment,
    growth,
    idle,
    ledger,
    punctual,
    quiet,
    request,
    scale,
    settled,
    slots,
    start,
    stop,
    throughput,
)
from tests.bench.site import Bench
from tests.bench.table import lines
from tests.bench.verdict import Figure, Settled, Unavailable, Unmeasured, at_most, settle

FIGURES: dict[str, Callable[[Bench], Sequence[Figure]]] = {
    "start": start.measure,
    "request": request.measure,
    "cgroup": cgroup.measure,
    "quiet": quiet.measure,
    "ended": ended.measure,
    "command": command.measure,
    "idle": idle.measure,
    "throughput": throughput.measure,
    "punctual": punctual.measure,
    "burst": burst.measure,
    "slots": slots.measure,
    "stop": stop.measure,
    "settled": settled.measure,
    "scale": scale.measure,
    "ledger": ledger.measure,
    "growth": growth.measure,
}


def main() -> int:
    options = arguments()
    bench = Bench(options.python or environment.build(), options.old_python, options.quick)
    print(machine(bench), flush=True)
    settled: list[Settled] = []
    for name in options.figure or FIGURES:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        settled += settle(partial(attempt, name, bench))
    print("\n".join(lines(settled)))
    missed = [one.figure.name for one in settled if one.verdict == "MISSED"]
    if missed:
        print(f"missed twice: {'; '.join(missed)}")
    return 1 if missed else 0


def attempt(name: str, bench: Bench) -> Sequence[Figure]:
    """Measure one; what cannot be measured is a missed figure that says why, but for what the machine has not."""
    try:
        return FIGURES[name](bench)
    except Unmeasured as error:
        return [Figure(name, "", math.nan, at_most(0), note=f"not measured: {error}")]
    except Unavailable as error:
        return [Figure(name, "", math.nan, at_most(0), note=str(error), here=False)]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("figure", nargs="*", choices=[[], *FIGURES], help="which to measure; without any: all")
    parser.add_argument("--quick", action="store_true", help="few samples: for development, proves nothing")
    parser.add_argument("--python", type=Path, help="interpreter that linod is installed for; without it one is made")
    parser.add_argument("--old-python", type=Path, help="the same with the oldest typer, for linod-ctl only")
    return parser.parse_args()


def machine(bench: Bench) -> str:
    """One line about where this was measured: figures of different machines, or of a busy one, do not compare."""
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, load {load:.2f}, Linux {platform.release()}, {bench.python}"


if __name__ == "__main__":
    sys.exit(main())
