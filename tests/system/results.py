"""What came of the tests on machines: a line for each as it ends, and a table of all."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.system.site import Site
from tests.system.tools import ROOT

Result = dict[str, Any]


def run(where: str, tests: str, arguments: list[str], environ: Mapping[str, str]) -> tuple[int, str, list[Result]]:
    """Run pytest for one machine, telling each test as it ends. Its exit code, its output, and the results."""
    results: list[Result] = []
    with tempfile.TemporaryFile("w+") as output, _results_pipe() as (read, write):
        told = {"LINOD_TEST_RESULTS": str(write), "LINOD_TEST_WHERE": where}
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", tests, *arguments],
            cwd=ROOT,
            env={**os.environ, **told, **environ},
            pass_fds=[write],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
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


# in the process of pytest

SITE = pytest.StashKey[Site]()
"""The site of a test."""


@pytest.hookimpl(hookwrapper=True)  # not wrapper: Debian 12 has pluggy 1.0
def pytest_runtest_makereport(item: pytest.Item, call: "pytest.CallInfo[None]") -> Generator[None, Any, None]:
    """A failure shows what the journal has of the test's site."""
    report = (yield).get_result()
    if report.failed and call.when == "call" and SITE in item.stash:
        made = item.stash[SITE]
        shown = made.machine.run("journalctl", "-n", "200", "-o", "short-precise", "-u", made.service, code=None)
        report.sections.append((f"journal of {made.service}", shown.out))


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Adds a measured value to the test's line in the table."""

    def add(text: str) -> None:
        request.node.user_properties.append(("note", text))

    return add


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Tell `run` of a test that has ended."""
    results = os.environ.get("LINOD_TEST_RESULTS")
    if results and (report.when == "call" or not report.passed):
        name = report.nodeid.rpartition("::")[2].removeprefix("test_").replace("_", " ")
        line = {"test": name, "outcome": report.outcome, "seconds": report.duration}
        line["where"] = os.environ["LINOD_TEST_WHERE"]
        line["note"] = "; ".join(str(text) for key, text in report.user_properties if key == "note")
        line["module"] = Path(report.location[0]).stem.removeprefix("test_")
        os.write(int(results), (json.dumps(line) + "\n").encode())
