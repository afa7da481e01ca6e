"""The next slot of a task, for rules of every kind with anchors of 46 years: what a plan costs beside the disk."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from time import thread_time_ns
from typing import Any
from zoneinfo import ZoneInfo

from linod.recurrence import Recurrence
from linod.tasks import SYSTEM_TASK, Task
from tests.bench.site import Bench
from tests.bench.verdict import Figure, Unmeasured, at_most, percentile

ZONE = ZoneInfo("Europe/Brussels")
ANCHOR = datetime(1990, 1, 1, 3, 7, tzinfo=UTC)
NOW = datetime(2036, 11, 23, 21, 44, tzinfo=UTC)

RULES: Mapping[str, Mapping[str, Any]] = {
    "every 10 s": {"every_unit": "secondly", "every": 10},
    "every 10 s on Fridays": {"every_unit": "secondly", "every": 10, "friday": True},
    "every 10 s in a window": {"every_unit": "secondly", "every": 10, "start_time": time(8), "end_time": time(17)},
    "every 25 h in a window": {"every_unit": "hourly", "every": 25, "start_time": time(3), "end_time": time(4)},
    "every 1,439 min in a window": {
        "every_unit": "minutely",
        "every": 1439,
        "start_time": time(3),
        "end_time": time(4),
    },
    "daily": {"every_unit": "daily"},
    "daily at 02:30": {"every_unit": "daily", "start_time": time(2, 30)},
    "each third day on Mondays": {"every_unit": "daily", "every": 3, "monday": True},
    "weekly": {"every_unit": "weekly", "every": 2, "monday": True, "wednesday": True},
    "monthly on the 31st": {"every_unit": "monthly", "start_date": date(1990, 1, 31)},
    "last Friday": {"every_unit": "monthly", "positions": "-1", "friday": True},
    "fifth Monday of a February": {
        "every_unit": "monthly",
        "every": 12,
        "start_date": date(1988, 2, 1),
        "positions": "5",
        "monday": True,
    },
    "29 February": {"every_unit": "yearly", "start_date": date(1988, 2, 29)},
    "day 366": {"every_unit": "yearly", "positions": "366"},
    "Easter Monday": {"every_unit": "easter", "start_date": date(1990, 4, 16)},
}


def measure(bench: Bench) -> Sequence[Figure]:
    """The p99 of the dearest rule: a site may have that one only."""
    costs = {name: cost(rule, bench.samples(2000, 200)) for name, rule in RULES.items()}
    dearest = max(costs, key=lambda name: percentile(costs[name], 99))
    note = f"of the dearest of {len(RULES)} rules: {dearest}; p50 {percentile(costs[dearest], 50):.0f} us"
    return [Figure("next slot p99, CPU", "us", percentile(costs[dearest], 99), at_most(200), note=note)]


def cost(columns: Mapping[str, Any], count: int) -> list[float]:
    """Microseconds of CPU of each of `count` calls, from moments that go on by three hours."""
    rule = Recurrence.of(Task(SYSTEM_TASK, 1, 1, "a", "a", anchor=ANCHOR, **columns))
    found = []
    for number in range(count):
        moment = NOW + timedelta(hours=3 * number)
        began = thread_time_ns()
        slot = rule.next_after(moment, ZONE)
        found.append((thread_time_ns() - began) / 1000)
        if slot is None:
            raise Unmeasured(f"no slot after {moment} for {columns}")
    return found
