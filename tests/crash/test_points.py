"""kill -9 at each point of a claim, a start and an end: nothing is lost, nothing runs twice, all is settled."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from linod.errors import LinodError
from tests.crash.site import MARK, CrashSite

YEAR = datetime.now(UTC).year
SLOT, NEXT = f"{YEAR}-01-01", f"{YEAR + 1}-01-01"
"""The slot that has come, and the one after it."""

ATTEMPTS = 5
"""To come to a point, and to find the points: whether the start of a job is written with its end depends on the
machine's other work."""

AT_ONCE = 3
"""Sites that are killed at the same time: they mostly wait."""

PLUGIN = (
    MARK
    + '''
@background_task(every_unit="yearly", start_date="{SLOT}", start_time="00:00")
def by_slot(ar):
    mark(ar)

@background_task(every_unit="never")
def by_request(ar):
    """Ends when its start is in the ledger: then start and end are two commits, and of by_slot one."""
    mark(ar)
    with sqlite3.connect("{database}", timeout=20) as ledger:
        noted = "SELECT state FROM linod_job WHERE id = ? AND state = 'running'"
        while not ledger.execute(noted, (ar.job["id"],)).fetchall():
            select.select([], [], [], 0.01)
'''
)


def make(directory: Path) -> CrashSite:
    """A site with a task of each kind, not started yet."""
    site = CrashSite(directory)
    site.settings |= {"time_zone": "UTC", "kill_grace": 1, "background_sleep_time": 1}
    site.plugin(PLUGIN.replace("{SLOT}", SLOT).replace("{database}", str(site.database)))
    return site


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with both tasks, in which the slot of this year has not had its job."""
    site = make(tmp_path_factory.mktemp("crash") / "s")
    site.start()
    site.stop()
    assert site.rows("SELECT 1 FROM linod_systemtask WHERE name = 'by_slot' AND next_due LIKE ?", f"{NEXT}%")
    site.rows("UPDATE linod_systemtask SET next_due = ? WHERE name = 'by_slot'", f"{SLOT} 00:00:00.000000")
    site.close()
    return site.database


@contextmanager
def opened(directory: Path, installed: Path) -> Iterator[CrashSite]:
    site = make(directory)
    site.state.mkdir()
    shutil.copy(installed, site.database)
    yield site
    site.close()


def play(site: CrashSite, point: str = "", victims: str = "") -> bool:
    """A job for the slot, then one for a request, and `victims` are killed at `point`; run on until all is done.

    Returns  whether the request was acknowledged.
    """
    site.failing = True
    record = str(site.directory / "points")
    site.start(wait=False, FAILPOINT_RECORD=record, FAILPOINT=point, FAILPOINT_KILLS=victims)
    acknowledged = False
    ready = site.until_dead_or(lambda: "READY=1" in "\n".join(site.read_messages()).splitlines())
    if ready and site.until_dead_or(site.idle):
        try:
            with site.client() as client:
                client.call("RunNow", task="by_request")
            acknowledged = True
        except LinodError:
            site.wait_end()
        site.until_dead_or(site.idle)
    if site.alive() and site.stop() == 0:
        return acknowledged
    site.failing = False
    site.forget_messages()
    site.start()
    site.wait_until(site.idle, "end of all jobs")
    assert site.stop() == 0
    return acknowledged


def passed(site: CrashSite) -> list[str]:
    """The points that were passed, in order."""
    return (site.directory / "points").read_text().splitlines()


def from_claim(names: list[str]) -> list[str]:
    """Those from the claim of the slot on."""
    claim = next(number for number, name in enumerate(names) if 'INSERT INTO "linod_job"' in name)
    return names[max(number for number in range(claim) if "BEGIN" in names[number]) :]


def judge(site: CrashSite, acknowledged: bool) -> list[str]:
    """What is wrong."""
    found = list(site.faults())
    by_slot = site.rows("SELECT slot FROM linod_job WHERE task_name = 'by_slot'")
    if [row["slot"][:10] for row in by_slot] != [SLOT]:
        found.append(f"the slot has {len(by_slot)} rows: {by_slot}")
    [due] = site.rows("SELECT next_due FROM linod_systemtask WHERE name = 'by_slot'")
    if due["next_due"][:10] != NEXT:
        found.append(f"the next slot is {due['next_due']}")
    requests = len(site.rows("SELECT 1 FROM linod_job WHERE task_name = 'by_request'"))
    if requests != 1 and (acknowledged or requests):
        found.append(f"the request has {requests} rows")
    return found


def some_job_has_a_process(names: list[str]) -> bool:
    """Whether an order was written, and the end of its job was not, when these points had been passed."""
    begun = sum(name.startswith("after Child.send") for name in names)
    return begun > sum("ended_at" in name for name in names)


def test_without_a_kill_all_succeed(tmp_path: Path, installed: Path) -> None:
    with opened(tmp_path / "s", installed) as site:
        assert play(site)
        assert judge(site, True) == []
        states = site.rows("SELECT state FROM linod_job")
        assert [row["state"] for row in states] == ["succeeded", "succeeded"]


@pytest.mark.parametrize("victims", ["daemon", "host", "daemon+host"])
def test_a_kill_at_any_point_loses_and_repeats_nothing(tmp_path: Path, installed: Path, victims: str) -> None:
    def unkilled(number: int) -> list[str]:
        with opened(tmp_path / f"unkilled{number}", installed) as site:
            play(site)
            return from_claim(passed(site))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        names = min(pool.map(unkilled, range(ATTEMPTS)), key=len)  # what it has, the longer ones have
    assert len([name for name in names if "COMMIT" in name]) >= 8

    def wrong(number: int) -> str:
        """What is wrong after the kill at one point, "" if nothing is."""
        name = names[number]
        for attempt in range(ATTEMPTS):
            with opened(tmp_path / f"s{number}-{attempt}", installed) as killed:
                found = judge(killed, play(killed, name, victims))
                way = passed(killed)
                if name in way:
                    if (
                        killed.interrupted()
                        and victims == "host"
                        and not some_job_has_a_process(way[: way.index(name) + 1])
                    ):
                        found.append("a job was interrupted that no process had")
                    return f"{name}: {'; '.join(found)}" if found else ""
        return f"{name} was not passed"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert list(filter(None, pool.map(wrong, range(len(names))))) == []
