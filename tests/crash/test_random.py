"""500 kills (-9) at random moments under load: the daemon, its host, or both, while jobs run two at a time."""

import random
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

from linod.errors import LinodError
from linod.lock import Holder, LockFile, end_process
from tests.crash.site import MARK, CrashSite

KILLS = 500

SITES = 4
"""That are killed at the same time; each has its share of the kills, and its own sequence of random numbers."""

SECOND = timedelta(seconds=1)

JOBS = "SELECT * FROM linod_job WHERE task_id = ? AND state <> 'skipped' ORDER BY id"
"""Those that were skipped passed during the job before them."""

PLUGIN = (
    MARK
    + """
def register(name, seconds, **columns):
    def procedure(ar):
        mark(ar)
        select.select([], [], [], seconds)
    procedure.__name__ = name
    background_task(**columns)(procedure)

for number, seconds in enumerate((0, 0.02, 0.1, 0.4)):
    register(f"each{number}", seconds, every_unit="secondly", every=1)
for number, seconds in enumerate((0, 0.2)):
    register(f"asked{number}", seconds, every_unit="never")
"""
)


class Battered:
    """One site and its sequence of kills."""

    def __init__(self, directory: Path, seed: int) -> None:
        self.site = CrashSite(directory)
        self.site.settings |= {"max_jobs": 2, "kill_grace": 1, "background_sleep_time": 1}
        self.site.plugin(PLUGIN)
        self.random = random.Random(seed)
        self.requests: list[tuple[str, datetime]] = []

    def kill(self, times: int) -> list[str]:
        """Returns what is wrong afterwards."""
        site = self.site
        for _ in range(times):
            if not site.alive():
                self.start()
            self.let_run()
            self.strike()
        if not site.alive():
            self.start()
        site.wait_for_message("READY=1")
        asked = "SELECT 1 FROM linod_systemtask WHERE requested_at IS NOT NULL"
        site.wait_until(lambda: not site.rows(asked), "job of the last request")
        assert site.stop() == 0
        return [*site.faults(), *self.lost_requests(), *self.wrong_slots()]

    def start(self) -> None:
        self.site.forget_messages()
        self.site.start(wait=False)

    def let_run(self) -> None:
        """Until a random moment: of the start, or of what follows, with requests."""
        site, random = self.site, self.random
        if random.random() < 0.7:
            site.wait_for_message("READY=1")
            for _ in range(random.randrange(3)):
                self.request(random.choice(["asked0", "asked1", "each3"]))
        with suppress(TimeoutExpired):
            assert site.process is not None
            site.process.wait(random.uniform(0, 0.35))
            raise AssertionError(f"linod ended by itself:\n{site.log()}")

    def request(self, name: str) -> None:
        with suppress(LinodError):  # the host may be away, with which a request waits; or the socket not open yet
            with self.site.client() as client:
                task = client.call("RunNow", task=name)["task"]
            self.requests.append((name, datetime.fromisoformat(task["requested_at"])))

    def strike(self) -> None:
        site = self.site
        victims = self.random.choice([("daemon",), ("host",), ("host", "daemon"), ("daemon", "host")])
        for victim in victims:
            if victim == "host":
                holder = Holder.parse(LockFile(site.database.with_name("linod.sqlite.lock")).read())
                if holder is not None and holder.host is not None:
                    end_process(holder.host)
            else:
                site.signal(signal.SIGKILL)
                site.wait_end()

    def lost_requests(self) -> Iterator[str]:
        """Requests that were acknowledged, and have no job."""
        asked = "SELECT task_name, requested_at FROM linod_job WHERE requested_at IS NOT NULL"
        have = {(name, moment(at)) for name, at in self.site.rows(asked)}
        yield from (f"{wish} is lost" for wish in self.requests if wish not in have)

    def wrong_slots(self) -> Iterator[str]:
        """Each slot of an interval is the first one after the slot and the end of the job before."""
        for task in self.site.rows("SELECT * FROM linod_systemtask WHERE every_unit = 'secondly'"):
            anchor = moment(task["anchor"])
            ends: set[datetime] = set()
            for job in self.site.rows(JOBS, task["id"]):
                slot = moment(job["slot"]) if job["slot"] else None
                following = {anchor + ((end - anchor) // SECOND + 1) * SECOND for end in ends}
                if slot and ends and slot not in following:
                    yield f"{job['task_name']}, job {job['id']}: slot {slot} and not of {following}"
                before = {slot} if slot else ends
                ends = {max(end, *before) for end in ended(job)}


def moment(text: str) -> datetime:
    """Of a column."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ended(job: Any) -> set[datetime]:
    """When a job ended. Of an interrupted one it may be the begin from which its task goes on."""
    if job["state"] == "missed":
        return {moment(job["slot_last"] or job["slot"])}
    columns = ["ended_at"]
    if job["state"] == "interrupted":
        columns.append("started_at" if job["started_at"] else "claimed_at")
    return {moment(job[column]) for column in columns}


def test_500_kills_at_random_moments_under_load(tmp_path: Path) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    sites = [Battered(tmp_path / f"s{number}", seed + number) for number in range(SITES)]
    try:
        with ThreadPoolExecutor(SITES) as pool:
            wrong = list(pool.map(lambda battered: battered.kill(-(-KILLS // SITES)), sites))
    finally:
        for battered in sites:
            battered.site.close()
    states = Counter(row["state"] for battered in sites for row in battered.site.rows("SELECT state FROM linod_job"))
    print(f"jobs: {dict(states)}; acknowledged requests: {sum(len(battered.requests) for battered in sites)}")
    assert wrong == [[]] * SITES
    assert states["succeeded"] > KILLS / 10 and states["interrupted"] > KILLS / 10
