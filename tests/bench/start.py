"""Start to READY, on a real NOTIFY_SOCKET, against a bare interpreter that imports what the daemon has by then."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.environment import PROGRAMS
from tests.bench.site import Bench, Site, site
from tests.bench.verdict import Figure, Unmeasured, at_most, floor_times, median, median_pair


def measure(bench: Bench) -> Sequence[Figure]:
    with site(bench) as place:
        modules = imported(place)  # this first start makes the database and its rows
        listed = place.runtime / "modules"
        listed.write_text("\n".join(modules))
        starts, floors = [], []
        for _ in range(bench.samples(25, 5)):
            floors.append(bare(place, listed))
            daemon = place.start()
            starts.append(daemon.ready_after)
            daemon.stop()
    measured, floor = median_pair(list(zip(starts, floors, strict=True)))
    notes = (
        f"{len(starts)} starts, the demo's plugins loaded",
        f"the middle one of {len(starts)} pairs; the floor imports the daemon's {len(modules)} modules",
    )
    return [
        Figure("start to READY, p50", "s", median(starts), at_most(0.35), note=notes[0]),
        Figure("start against bare imports, p50", "s", measured, floor_times(1.5), floor, notes[1]),
    ]


def imported(place: Site) -> list[str]:
    """The modules that the daemon has imported when it says READY, but for its own, in order of completion."""
    command = [str(place.bench.python), "-X", "importtime", *place.command("linod", "--settings", str(place.settings))]
    daemon = place.start(command)
    log = place.log.read_text()
    daemon.stop()
    names = [line.rpartition("|")[2].strip() for line in log.splitlines() if line.startswith("import time:")]
    return [name for name in names[1:] if name.partition(".")[0] != "linod"]  # the first line is the heading


def bare(place: Site, modules: Path) -> float:
    """Seconds from the start of a bare interpreter to its READY."""
    began = time.monotonic()
    process = subprocess.Popen(
        [place.bench.python, PROGRAMS / "bare_imports.py", modules],
        env={**place.environ, "NOTIFY_SOCKET": str(place.notify.path)},
    )
    ready = place.notify.wait_ready(process)
    if process.wait():
        raise Unmeasured("the bare imports failed")
    return ready - began
