"""The whole command `linod-ctl run-now`, against a typer command that does nothing."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.environment import PROGRAMS
from tests.bench.request import TASK
from tests.bench.site import Bench, site
from tests.bench.verdict import Figure, Unmeasured, floor_times, median_pair


def measure(bench: Bench) -> Sequence[Figure]:
    figures = []
    with site(bench) as place, place.running():
        for python, factor in ((bench.python, 1.2), (bench.old_python, 1.4)):
            if python is None:
                continue
            pairs = []
            for _ in range(bench.samples(31, 7)):
                empty = seconds([python, PROGRAMS / "empty_command.py"], place.environ)
                pairs.append((seconds([python.parent / "linod-ctl", "run-now", TASK], place.environ), empty))
                place.lines.next()
            name = f"linod-ctl run-now, typer {typer_version(python)}, p50"
            ours, floor = median_pair(pairs)
            figures.append(Figure(name, "s", ours, floor_times(factor), floor, f"the middle one of {len(pairs)} pairs"))
    return figures


def seconds(command: Sequence[str | Path], environ: Mapping[str, str]) -> float:
    """How long the command takes, from its start to its exit."""
    began = time.monotonic()
    done = subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    took = time.monotonic() - began
    if done.returncode != 0:
        raise Unmeasured(f"{command[0]} ended with status {done.returncode}: {done.stderr.strip()[-300:]}")
    return took


def typer_version(python: Path) -> str:
    ask = "from importlib.metadata import version; print(version('typer'))"
    return subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
