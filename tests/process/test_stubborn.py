"""Whatever a procedure does, its job ends when it is told to, with all that it has started, and others run meanwhile.

Here without control groups, where that is harder; `tests/cgroups` and `tests/vm` have them.
"""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from tests.process.site import DEADLINE, Site

SOURCE = Path(__file__).parent / "programs" / "stubborn.py"
NAMES = [
    name for name in re.findall(r"@background_task\(.*\)\n(?:async )?def (\w+)", SOURCE.read_text()) if name != "pulse"
]
GRACE = 1.0

INTERRUPTIBLE = {"spins_in_re"}
"""Looks for signals while it works, as `re` does."""


def begin_all(site: Site) -> None:
    """One job of each procedure, all at the same time."""
    site.settings |= {"kill_grace": GRACE, "max_jobs": 2 * len(NAMES), "stop_timeout": 0}
    site.environ["STUBBORN_OUT"] = str(site.out)
    site.plugin(SOURCE.read_text(), name="stubborn")
    site.start()
    with site.client() as client:
        for name in NAMES:
            client.call("RunNow", task=name)
    assert site.run_now("pulse")["outcome"] == "succeeded"


def all_begun(site: Site) -> None:
    wait(site, lambda: len(site.output()) == len(NAMES) + 3)  # one starts three daemons
    assert running(site) == len(NAMES)


def wait(site: Site, true: Callable[[], bool]) -> None:
    """Without the log in the message of a failure: it is 16 MiB here."""
    end = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < end
        site.read_messages(0.05)


def running(site: Site) -> int:
    return len(site.status()["running"])


def outcomes(site: Site) -> dict[str, str]:
    return {name: site.jobs(name)[0]["outcome"] for name in NAMES}


def of_site(site: Site) -> dict[int, str]:
    """The processes that have this site's environment, each with its name."""
    found = {}
    for place in Path("/proc").iterdir():
        try:
            if place.name.isdecimal() and str(site.out).encode() in (place / "environ").read_bytes():
                found[int(place.name)] = (place / "comm").read_text().strip()
        except OSError:  # it has ended
            continue
    return found


def left(site: Site) -> list[str]:
    """Names of processes that are neither the daemon nor its host nor a child that waits."""
    assert site.process is not None
    return [
        name
        for pid, name in of_site(site).items()
        if pid not in (site.process.pid, os.getpid()) and name not in ("linod-host", "linod-spare")
    ]


def check(site: Site, outcome: str) -> None:
    wait(site, lambda: running(site) == 0)
    assert outcomes(site) == dict.fromkeys(NAMES, outcome)
    assert left(site) == []
    assert site.run_now("pulse")["outcome"] == "succeeded"
    assert site.stop() == 0


def test_kill(site: Site) -> None:
    begin_all(site)
    all_begun(site)
    assert len(left(site)) > 100 + len(NAMES)
    with site.client() as client:
        for name in NAMES:
            assert client.call("Kill", task=name)["new"]
    wait(site, lambda: running(site) == 0)
    messages = {name: site.jobs(name)[0]["message"].partition("; ")[2] for name in NAMES}
    cleaned, failed, killed = "it cleaned up and ended", "its cleanup failed: ", "did not end within kill_grace (1 s), "
    assert messages["leaves_its_pipes_to_others"] == cleaned
    assert messages["fails_in_cleanup"] == failed + "ValueError: the file is gone"
    assert {name for name, message in messages.items() if killed not in message} == {
        "fails_in_cleanup",
        "leaves_its_pipes_to_others",
        *INTERRUPTIBLE,
    }
    check(site, "cancelled")


def test_timeout(site: Site) -> None:
    site.settings |= {"defaults.timeout": "5s"}
    begin_all(site)
    check(site, "timed_out")


def test_stop(site: Site) -> None:
    begin_all(site)
    all_begun(site)
    assert site.stop() == 0
    assert site.lines()[-1] == "Done"
    assert of_site(site) == {}
    site.forget_messages()
    site.start()
    assert outcomes(site) == dict.fromkeys(NAMES, "interrupted")
    assert site.stop() == 0
