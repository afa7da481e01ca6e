"""Run the life-cycle tests: python -m tests.system [RELEASE...] [PYTEST ARGUMENT...]

Without a release the tests of both run side by side, in a container each. `local` runs what can be run on this machine
itself, where systemd is PID 1 and the package is installed. Ends with 0, 1 for a failure, and 77 where it cannot run:
the last line says why.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.system import bases, container
from tests.system.bases import RELEASES, ROOT, CannotRun

CANNOT_RUN = 77
"""As automake and autopkgtest have it for a test that was skipped."""

TOOLS = {"mmdebstrap": "mmdebstrap", "systemd-nspawn": "systemd-container", "nsenter": "util-linux"}

DEBS = ROOT / "build" / "system"

OLDER = "0.0.9"
"""Version of the package that is upgraded: the same tree, so that the way back is one too."""

Result = dict[str, Any]


def main(arguments: list[str]) -> int:
    """One run of a clone at a time: it builds the packages anew. Other clones may run theirs."""
    if os.geteuid() != 0:
        print("cannot run here: containers are booted by root; try: sudo make test")
        return CANNOT_RUN
    DEBS.mkdir(parents=True, exist_ok=True)
    with bases.locked(DEBS / "lock"):
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
        runs = list(pool.map(lambda where: run(where, rest), chosen))
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
    if missing := [package for tool, package in TOOLS.items() if not _is_there(tool)]:
        _checked([str(ROOT / "packaging" / "apt"), "needed to boot containers", *missing])
    _checked(["unshare", "--mount", "--pid", "--fork", "--mount-proc", "true"])
    container.sweep()
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(bases.base, release) for release in releases]
        jobs += [pool.submit(bases.wheels), pool.submit(build, "current"), pool.submit(build, "older", OLDER)]
        for job in jobs:
            job.result()


def build(name: str, version: str = "") -> Path:
    """Build the package anew."""
    place = DEBS / name
    place.mkdir(parents=True, exist_ok=True)
    for old in place.glob("linod_*.deb"):
        old.unlink()
    environ = {key: text for key, text in os.environ.items() if key != "VERSION"} | (
        {"VERSION": version} if version else {}
    )
    _checked([str(ROOT / "packaging" / "deb"), str(place)], environ)
    return place


def run(where: str, arguments: list[str]) -> tuple[int, str, list[Result]]:
    """Run pytest for one machine, telling each test as it ends. Its exit code, its output, and the results."""
    results: list[Result] = []
    with tempfile.TemporaryFile("w+") as output, _results_pipe() as (read, write):
        environ = os.environ | {
            "LINOD_SYSTEM": where,
            "LINOD_SYSTEM_DEBS": str(DEBS),
            "LINOD_SYSTEM_RESULTS": str(write),
        }
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/system", *arguments]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environ, pass_fds=[write], stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        os.close(write)
        with os.fdopen(read) as lines:
            for line in lines:
                result = json.loads(line)
                results.append(result)
                print(
                    "{where}  {outcome}  {seconds:6.1f} s  {module}: {test}  {note}".format(**result).rstrip(),
                    flush=True,
                )
        code = process.wait()
        output.seek(0)
        return code, output.read(), results


@contextmanager
def _results_pipe() -> Iterator[tuple[int, int]]:
    yield os.pipe()  # each end is closed by who has done with it


def table(machines: list[str], results: list[Result]) -> str:
    """What was tested, a line each: its seconds on each machine, or how it went wrong."""
    names = list(dict.fromkeys((result["module"], result["test"]) for result in results))
    cells = {(result["module"], result["test"], result["where"]): _cell(result) for result in results}
    width = max([len(test) for _, test in names] + [10])
    lines, heading = [], ""
    for module, test in names:
        if module != heading:
            heading = module
            lines.append(f"\n{module:<{width + 2}}" + "".join(f"{where:>10}" for where in machines))
        lines.append(
            f"  {test:<{width}}" + "".join(f"{cells.get((module, test, where), '-'):>10}" for where in machines)
        )
    return "\n".join(lines) + "\n"


def _cell(result: Result) -> str:
    return f"{result['seconds']:.1f}" if result["outcome"] == "passed" else str(result["outcome"]).upper()


def _is_there(tool: str) -> bool:
    return any(Path(directory, tool).exists() for directory in os.get_exec_path())


def _checked(command: list[str], environ: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise CannotRun(f"{' '.join(command)} ended with {done.returncode}: {(done.stdout + done.stderr).strip()}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
