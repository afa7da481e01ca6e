"""Run the life-cycle tests: python -m tests.system [RELEASE...] [PYTEST ARGUMENT...]

Without a release the tests of both run side by side, in a container each. `local` runs what can be run on this machine
itself, where systemd is PID 1 and the package is installed. Ends with 0, 1 for a failure, and 77 where it cannot run:
the last line says why.
"""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tests.system import bases, container
from tests.system.bases import RELEASES
from tests.system.results import run, table
from tests.system.tools import CANNOT_RUN, ROOT, CannotRun, checked, locked, need, package

TOOLS = {"mmdebstrap": "mmdebstrap", "systemd-nspawn": "systemd-container", "nsenter": "util-linux"}

DEBS = ROOT / "build" / "system"

OLDER = "0.0.9"
"""Version of the package that is upgraded: the same tree, so that the way back is one too."""


def main(arguments: list[str]) -> int:
    """One run of a clone at a time: it builds the packages anew. Other clones may run theirs."""
    if os.geteuid() != 0:
        print("cannot run here: containers are booted by root; try: sudo make test")
        return CANNOT_RUN
    DEBS.mkdir(parents=True, exist_ok=True)
    with locked(DEBS / "lock"):
        return run_all(arguments)


def run_all(arguments: list[str]) -> int:
    began = time.monotonic()
    chosen = [word for word in arguments if word in (*RELEASES, "local")] or list(RELEASES)
    rest = [word for word in arguments if word not in (*RELEASES, "local")]
    try:
        if chosen != ["local"]:
            prepare(chosen)
    except CannotRun as error:
        print(f"cannot run here: {error}")
        return CANNOT_RUN
    print(f"Ready after {time.monotonic() - began:.0f} s: {', '.join(chosen)}", flush=True)
    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(lambda where: run(where, "tests/system", rest, _environment(where)), chosen))
    if chosen != ["local"]:
        container.sweep()  # a test process that was killed could not
    for where, (code, output, _) in zip(chosen, runs, strict=True):
        if code:
            print(f"\n== {where}\n{output}")
    print(table(chosen, [result for _, _, results in runs for result in results]))
    failed = [where for where, (code, _, _) in zip(chosen, runs, strict=True) if code]
    counts = sum(result["outcome"] == "passed" for _, _, results in runs for result in results)
    print(f"{counts} passed in {time.monotonic() - began:.0f} s" + (f"; FAILED: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


def prepare(releases: list[str]) -> None:
    """Whatever the containers need; raises CannotRun with the reason why there can be none."""
    need("needed to boot containers", TOOLS)
    checked("unshare", "--mount", "--pid", "--fork", "--mount-proc", "true")
    container.sweep()
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(bases.base, release) for release in releases]
        jobs += [pool.submit(bases.wheels), pool.submit(package, DEBS / "current")]
        jobs.append(pool.submit(package, DEBS / "older", OLDER))
        for job in jobs:
            job.result()


def _environment(where: str) -> dict[str, str]:
    return {"LINOD_SYSTEM": where, "LINOD_SYSTEM_DEBS": str(DEBS)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
