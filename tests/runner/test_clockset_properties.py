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
from tests.runner.crank import NOON, ZONE, Crank
from tests.runner.test_clockset import run_until

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


class Act(NamedTuple):
    """Time goes by, then the clock is set, the machine sleeps, or linod is started anew."""

    hours: float
    what: str
    by: float


acts = st.lists(
    st.builds(
        Act,
        st.floats(0, 40),
        st.sampled_from(("set", "sleep", "restart")),
        st.one_of(st.floats(-100, 100), st.floats(-0.3, 0.3)),
    ),
    min_size=1,
    max_size=6,
)


class Run:
    """One life of a site: what was started at which moment of real time."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.wall = NOON
        self.real = timedelta()
        self.set_back: list[timedelta] = []
        self.started: dict[str, list[timedelta]] = {name: [] for name in (*CALENDAR, *INTERVALS)}

    async def live(self, acts: list[Act]) -> list[Job]:
        waiting = list(acts)
        while True:
            crank = Crank(self.directory, max_jobs=9)
            crank.clock.at = self.wall
            async with crank:
                for name, columns in {**CALENDAR, **INTERVALS}.items():
                    await crank.tasks(name, **columns)
                    crank.names.add(name)
                await crank.runner.resume()
                while waiting:
                    act = waiting.pop(0)
                    await self._go(crank, act.hours)
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
                    await self._go(crank, 30)
                    self.wall = crank.clock.at
                    return await all_jobs(crank)

    async def _go(self, crank: Crank, hours: float) -> None:
        begin = crank.clock.at
        for name, at in await run_until_noting(crank, begin + timedelta(hours=hours)):
            self.started[name].append(self.real + at - begin)
        self.real += timedelta(hours=hours)


async def all_jobs(crank: Crank) -> list[Job]:
    return await crank.db.run(lambda: crank.store.jobs(limit=10_000))


async def run_until_noting(crank: Crank, end: datetime) -> list[tuple[str, datetime]]:
    """As `run_until`, with the moments at which jobs were claimed."""
    known = {job.id for job in await all_jobs(crank)}
    await run_until(crank, end)
    jobs = await all_jobs(crank)
    executed = [job for job in reversed(jobs) if job.id not in known and job.state is State.SUCCEEDED]
    return [(job.task_name, job.claimed_at) for job in executed]


@settings(max_examples=40, deadline=None)
@example([Act(1, "set", 72), Act(1, "set", -72), Act(1, "set", 72)])
@example([Act(7, "set", -7)])
@example([Act(1, "set", -72), Act(1, "restart", 0), Act(20, "set", 100)])
@example([Act(1, "restart", -72), Act(40, "restart", 90), Act(5, "set", -3)])
@example([Act(54.5, "set", 33.3), Act(19.2, "set", -56.2)])  # back to before a slot that had its job days ago
@given(acts)
def test_each_slot_once_nothing_silent_and_no_storm(acts: list[Act]) -> None:
    with TemporaryDirectory() as directory:
        run = Run(Path(directory))
        jobs = asyncio.run(run.live(acts))
    executed = [job for job in jobs if job.state is State.SUCCEEDED]
    assert {job.state for job in jobs} <= {State.SUCCEEDED, State.MISSED, State.SKIPPED}
    twice = Counter((job.task_name, job.slot) for job in executed if job.task_name in CALENDAR)
    assert max(twice.values(), default=0) <= 1, twice
    for name, step in STEPS.items():
        moments = run.started[name]
        # Asleep or down it cannot run; set back by less than an interval it waits for that, and one more, each time.
        asleep = sum(abs(act.by) for act in acts if act.what != "set")
        for earlier, later in zip([timedelta(), *moments], [*moments, run.real], strict=True):
            times = max(1, sum(earlier <= at <= later for at in run.set_back))
            assert later - earlier <= (1 + times) * step + timedelta(hours=asleep, seconds=30), (name, earlier, later)
        assert len(moments) <= run.real / step + len(acts) + 2
    in_the_last_day = slots_between(run.wall - timedelta(hours=29), run.wall)
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
