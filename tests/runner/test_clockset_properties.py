"""Whatever is done to the wall clock: no slot of a calendar has two jobs, none is silent, and there is no storm."""

import asyncio
from collections import Counter
from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from linod.jobs import Job, State
from linod.recurrence import Recurrence
from linod.runner.settling import settle
from linod.runner.site import Absence
from linod.tasks import NOTHING_TO_PLAN
from tests.runner.crank import NOON, ZONE, Crank

HOUR = timedelta(hours=1)
START = date(2026, 1, 1)
CALENDAR: dict[str, dict[str, Any]] = {
    "daily": {"every_unit": "daily", "every": 1, "start_time": time(4), "start_date": START},
    "skipping": {"every_unit": "daily", "every": 1, "start_time": time(13, 30), "start_date": START, "missed": "skip"},
    "weekly": {
        "every_unit": "weekly",
        "every": 1,
        "monday": True,
        "thursday": True,
        "start_date": START,
        "start_time": time(22),
    },
}
INTERVALS: dict[str, dict[str, Any]] = {
    "hourly": {"every_unit": "hourly", "every": 1, "start_date": START},
    "six_hours": {"every_unit": "minutely", "every": 360, "start_date": START, "start_time": time(1)},
}
STEPS = {"hourly": HOUR, "six_hours": 6 * HOUR}
NO_EXECUTION = (State.MISSED, State.SKIPPED)
QUIET = 33
"""Hours at the end in which nothing is done to the clock."""


class Act(NamedTuple):
    """Time goes by; then the clock is set, the machine sleeps, or linod is started anew.

    requests  all tasks are requested before.
    ends      the jobs that run end before, and linod has not written that yet.
    """

    hours: float
    what: str
    by: float
    requests: bool = False
    ends: bool = False


acts = st.lists(
    st.builds(
        Act,
        st.floats(0, 40),
        st.sampled_from(("set", "sleep", "restart")),
        st.one_of(st.floats(-100, 100), st.floats(-0.3, 0.3)),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)
lasting = st.sampled_from((0.0, 0.0, 0.02, 0.4, 2.5))
"""Hours that each job takes."""


class Run:
    """One life of a site: what was started at which moment of real time."""

    def __init__(self, directory: Path, lasting: float, overlap: str, fails: bool) -> None:
        self.directory = directory
        self.lasting = timedelta(hours=lasting)
        self.ends = State.FAILED if fails else State.SUCCEEDED
        self.policy: dict[str, Any] = {"overlap": overlap}
        if fails:
            self.policy |= {"on_failure": "retry", "retries": 1000, "retry_pause": 1200}
        self.wall = NOON
        self.real = timedelta()
        self.set_back: list[timedelta] = []
        self.started: dict[str, list[timedelta]] = {name: [] for name in (*CALENDAR, *INTERVALS)}
        self.running: dict[str, timedelta] = {}

    async def live(self, acts: list[Act]) -> list[Job]:
        waiting = list(acts)
        while True:
            crank = Crank(self.directory, max_jobs=9)
            crank.clock.at = self.wall
            async with crank:
                await crank.db.run(settle, crank.store, self.wall, ZONE)
                self.running.clear()
                crank.runner.site = crank.runner.site._replace(absence=Absence(self.wall, "linod was down"))
                for name, columns in {**CALENDAR, **INTERVALS}.items():
                    await crank.tasks(name, **self.policy, **columns)
                    crank.names.add(name)
                await crank.runner.resume()
                while waiting:
                    act = waiting.pop(0)
                    await self._go(crank, act.hours)
                    await self._before(crank, act)
                    if act.by < 0 and act.what != "sleep":
                        self.set_back.append(self.real)
                    if act.what == "restart":
                        self.wall = crank.clock.at + timedelta(hours=act.by)  # down for a while, or set back then
                        self.real += timedelta(hours=max(act.by, 0))
                        break
                    if act.what == "sleep":
                        crank.clock.sleep(hours=abs(act.by))
                        self.real += timedelta(hours=abs(act.by))
                    else:
                        crank.clock.set(crank.clock.at + timedelta(hours=act.by))
                else:
                    await self._go(crank, QUIET)
                    self.wall = crank.clock.at
                    return await all_jobs(crank)

    async def _before(self, crank: Crank, act: Act) -> None:
        if act.requests:
            for name in self.started:
                if await crank.request(await crank.row(name)) is not None:
                    self._began(name)
        if act.ends:
            self._end(crank, list(self.running))

    async def _go(self, crank: Crank, hours: float) -> None:
        """Let time go by from one thing that happens to the next."""
        end = self.real + timedelta(hours=hours)
        while True:
            turn = await crank.runner.run_pass(crank.clock.now())
            for task, _ in turn.claimed:
                self._began(task.name)
            over = [name for name, at in self.running.items() if at <= self.real]
            self._end(crank, over)
            if turn.claimed or over or crank.runner._look:
                continue
            if self.real == end:
                return
            slot = turn.next_due or NOTHING_TO_PLAN
            happens = min([self.real + max(slot - crank.clock.at, timedelta()), *self.running.values(), end])
            crank.clock.at += happens - self.real
            self.real = happens

    def _began(self, name: str) -> None:
        self.started[name].append(self.real)
        self.running[name] = self.real + self.lasting

    def _end(self, crank: Crank, names: list[str]) -> None:
        for name in names:
            crank.end(name, self.ends)
            del self.running[name]


async def all_jobs(crank: Crank) -> list[Job]:
    return await crank.db.run(lambda: crank.store.jobs(limit=10_000))


@settings(max_examples=30, deadline=None)
@example([Act(1, "set", 72), Act(1, "set", -72), Act(1, "set", 72)], 0, "skip", False)
@example([Act(7, "set", -7)], 0, "skip", False)
@example([Act(1, "set", -72), Act(1, "restart", 0), Act(20, "set", 100)], 0, "skip", False)
@example([Act(1, "restart", -72), Act(40, "restart", 90), Act(5, "set", -3)], 0, "skip", False)
@example([Act(54.5, "set", 33.3), Act(19.2, "set", -56.2)], 0, "skip", False)  # before a slot that had its job days ago
@example([Act(1, "set", -72, requests=True)], 0.4, "skip", False)  # they run when it is set back
@example([Act(1, "set", -72, requests=True)], 0.4, "skip", True)
@example([Act(1, "set", -72, requests=True, ends=True)], 0.4, "queue", False)
@example([Act(1, "set", 72), Act(1, "set", -72), Act(1, "restart", 73)], 0, "skip", False)
@example([Act(1, "set", -1, requests=True), Act(0, "restart", 1)], 2.5, "skip", False)
@given(acts, lasting, st.sampled_from(("skip", "queue")), st.booleans())
def test_each_slot_once_nothing_silent_and_no_storm(acts: list[Act], lasting: float, overlap: str, fails: bool) -> None:
    with TemporaryDirectory() as directory:
        run = Run(Path(directory), lasting, overlap, fails)
        jobs = asyncio.run(run.live(acts))
    executed = [job for job in jobs if job.state not in NO_EXECUTION and job.slot is not None and job.attempt == 1]
    assert {job.state for job in executed} <= {run.ends, State.INTERRUPTED, State.CLAIMED}
    twice = Counter((job.task_name, job.slot) for job in executed if job.task_name in CALENDAR)
    assert max(twice.values(), default=0) <= 1, twice
    for name, step in STEPS.items():
        moments = run.started[name]
        # Asleep or down it cannot run; set back by less than an interval it waits for that, and one more, each time.
        asleep = sum(abs(act.by) for act in acts if act.what != "set") + lasting
        for earlier, later in zip([timedelta(), *moments], [*moments, run.real], strict=True):
            times = max(1, sum(earlier <= at <= later for at in run.set_back))
            assert later - earlier <= (1 + times) * step + timedelta(hours=asleep, seconds=30), (name, earlier, later)
        assert fails or len(moments) <= run.real / step + 2 * len(acts) + 2
    # What passes while the last job of a task runs is recorded at its end.
    in_the_last_day = slots_between(run.wall - timedelta(hours=29), run.wall - timedelta(hours=lasting))
    accounted = {(job.task_name, job.slot) for job in jobs} | covered(jobs)
    assert in_the_last_day <= accounted


def slots_between(begin: datetime, end: datetime) -> set[tuple[str, datetime]]:
    """What the calendars have in the time in which nothing was done to the clock any more."""
    found: set[tuple[str, datetime]] = set()
    for name, columns in CALENDAR.items():
        rule = Recurrence(
            columns["every_unit"],
            weekdays=(0, 3) if name == "weekly" else (),
            start_date=START,
            start_time=columns["start_time"],
            anchor=NOON,
        )
        slot = rule.next_after(begin, ZONE)
        while slot is not None and slot <= end:
            found.add((name, slot))
            slot = rule.next_after(slot, ZONE)
    return found


def covered(jobs: list[Job]) -> set[tuple[str, datetime]]:
    """The slots of days that rows for several tell of."""
    found = set()
    for job in jobs:
        day, last = job.slot, job.slot_last
        while day is not None and last is not None and day <= last:
            found.add((job.task_name, day))
            day += timedelta(days=1)
    return found
