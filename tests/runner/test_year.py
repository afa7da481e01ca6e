"""A simulated year: 200 tasks, the real store, the real turns, a clock that jumps from slot to slot.

What the ledger has at the end is what the preview promised at the begin, slot for slot: the two use one function, and
claims, ends, anchors and counted events lose nothing in between.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from linod.errors import BadValue
from linod.jobs import Job, Outcome, State
from linod.preview import Walk
from linod.recurrence import BadRecurrence
from linod.recurrence.checks import WEEKDAYS
from linod.runner import Site
from linod.runner.turn import Ended, Note, Started, run_turn, write_notes
from linod.store import Store
from linod.tasks import SYSTEM_TASK, Task

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2027, 1, 1, tzinfo=UTC)
LEAP_DAY = date(2024, 2, 29)
TASKS = 200
MOST_JOBS = 50_000
INTERVALS = ("secondly", "minutely", "hourly")
CALENDAR = ("daily", "daily", "weekly", "weekly", "monthly", "monthly", "yearly", "easter", "once", "never")
ZONES = ("Europe/Brussels", "America/Havana", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kathmandu", "UTC")
SEED = os.environ.get("LINOD_TEST_SEED") or str(Random().getrandbits(32))


def random_columns(random: Random, number: int) -> dict[str, object]:
    """A schedule; some are impossible. Short intervals get an end or a narrow window: 10 s comes 3 million times."""
    maybe = random.random
    unit = INTERVALS[number % 3] if number % 5 == 0 else random.choice(CALENDAR)
    start = start_date(random, unit)
    columns: dict[str, object] = {"every_unit": unit, "every": random.choice((1, 1, 2, 3, 7))}
    if maybe() < 0.7 or unit in ("once", "easter"):
        columns["start_date"] = start
    if maybe() < 0.7:
        columns["start_time"] = time(random.choice((0, 2, random.randrange(24))), random.choice((0, 15, 30)))
    if maybe() < 0.5:
        columns["time_zone"] = random.choice(ZONES)
    if maybe() < 0.3:
        columns |= dict.fromkeys(random.sample(WEEKDAYS, random.randint(1, 4)), True)
    if maybe() < 0.3 and unit in ("weekly", "monthly", "yearly"):
        columns["positions"] = " ".join(random.sample(("1", "2", "-1", "-2", "4"), random.randint(1, 2)))
    if maybe() < 0.1:
        columns["max_events"] = random.randint(1, 20)
    if maybe() < 0.1:
        columns["end_date"] = date(2026, random.randint(2, 12), 15)
    return columns | (_narrow(random, unit) if unit in INTERVALS else {})


def start_date(random: Random, unit: str) -> date:
    """A day before or in the year, often one that the year lacks; that of `once` is in it, or it would have no slot."""
    if unit == "once":
        return BEGIN.date() + timedelta(days=random.randrange(300))
    return random.choice((LEAP_DAY, *(BEGIN.date() + timedelta(days=random.randrange(-800, 300)) for _ in range(9))))


def _narrow(random: Random, unit: str) -> dict[str, object]:
    every = {"secondly": random.choice((600, 3600, 9000)), "minutely": random.choice((15, 45, 90)), "hourly": 5}[unit]
    begin = random.randrange(23)
    window = {"start_time": time(begin), "end_time": time(begin + 1, 30)} if begin < 22 else {}
    if random.random() < 0.5:
        return {"every": every, **window, "start_date": date(2026, 3, 28), "end_date": date(2026, 3, 31)}
    return {"every": every, "start_time": time(begin), "end_time": time(begin, 40), "monday": True, "sunday": True}


def add_tasks(store: Store, random: Random) -> list[Task]:
    """As many as TASKS; what the store refuses is drawn again."""
    tasks: list[Task] = []
    while len(tasks) < TASKS:
        try:
            tasks.append(store.add("work", f"task {len(tasks)}", random_columns(random, len(tasks))))
        except BadValue:
            continue
    return tasks


def promised(task: Task, zone: ZoneInfo) -> list[datetime]:
    try:
        return list(takewhile(lambda slot: slot < END, (slot for slot, _ in Walk(task, BEGIN, zone, BEGIN))))
    except BadRecurrence:  # such as an interval that steps over its windows: the turn plans nothing either
        return []


def run_year(store: Store, site: Site) -> int:
    """Turn from slot to slot; jobs end at once. Returns the number of turns."""
    now: datetime | None = BEGIN
    turns = 0
    while now is not None and now < END:
        turn = run_turn(store, now, TASKS, site, explain=False)
        write_notes(store, [note for _, job in turn.claimed for note in notes(job, now)], site)
        now = now if turn.more else store.next_due(site.procedures)
        turns += 1
    return turns


def notes(job: Job, now: datetime) -> Sequence[Note]:
    return Started(job, 4711, 99, now), Ended(job, Outcome(State.SUCCEEDED), now, "", 0, 0)


@pytest.mark.parametrize("zone", [ZoneInfo("Europe/Brussels")], ids=str)
def test_the_ledger_of_a_year_is_what_the_preview_promised(tmp_path: Path, zone: ZoneInfo) -> None:
    store = Store(f"sqlite:///{tmp_path / 'linod.sqlite'}")
    store.open()
    tasks = add_tasks(store, Random(SEED))
    expected = {task.id: promised(task, zone) for task in tasks}
    assert 2000 < sum(map(len, expected.values())) <= MOST_JOBS
    run_year(store, Site("node", "boot", zone, {SYSTEM_TASK: {"work"}}))
    found: dict[int, list[Any]] = defaultdict(list)
    for job in reversed(store.jobs(limit=MOST_JOBS + 1)):
        found[job.task_id].append(job.slot)
    units = Counter(task.every_unit for task in tasks for _ in found[task.id])
    store.close()

    for task in tasks:
        assert found[task.id] == expected[task.id], f"LINOD_TEST_SEED={SEED}: {task}"
    assert set(units) == {*INTERVALS, *CALENDAR} - {"never"}
