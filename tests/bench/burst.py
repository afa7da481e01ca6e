"""A thousand slots that fall due in one second, two jobs at a time: how soon all have begun, and in whose turn."""

import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from tests.bench.ledgerfile import LedgerFile
from tests.bench.request import TASK
from tests.bench.site import Bench, Site, site
from tests.bench.verdict import Figure, Unmeasured, at_most

AHEAD = timedelta(seconds=10)
"""More than background_sleep_time: by then linod has seen the rows."""

CLAIMED = """
    SELECT job.slot, task.seqno FROM linod_job AS job JOIN linod_systemtask AS task ON task.id = job.task_id
    WHERE task.name LIKE 'burst%' ORDER BY job.id
"""

Turn = tuple[str, int]
"""Where a slot stands: when it fell due, and the seqno of its task."""


def measure(bench: Bench) -> list[Figure]:
    count = bench.samples(1000, 200)
    with site(bench, max_jobs=2) as place, place.running(), closing(LedgerFile(place)) as ledger:
        due = (datetime.now(UTC) + AHEAD).replace(microsecond=0)
        wanted = insert(place, due, count)
        time.sleep(AHEAD.total_seconds())
        began = [place.lines.next().realtime for _ in range(count)]
        claimed = [(slot, seqno) for slot, seqno in ledger.rows(CLAIMED)]
    if sorted(claimed) != sorted(wanted):
        raise Unmeasured(f"of {count} slots {len(set(wanted) & set(claimed))} have one of the {len(claimed)} jobs")
    took = max(began) / 1e9 - due.timestamp()
    return [
        Figure(f"{count:,} slots due in a second, all begun", "s", took, at_most(6), note="two at a time"),
        Figure("slots later than their turn", "", overtaken(claimed), at_most(0)),
    ]


def insert(place: Site, due: datetime, count: int) -> list[Turn]:
    """Tasks as an application adds them with its own SQL: their slots are spread over the second from `due` on, two at
    each moment, and neither their ids nor their seqnos are in that order. Returns the slots."""
    rows, turns = [], []
    later = due + timedelta(hours=12)  # no second slot while this runs
    for number in range(count):
        steps = number * 7 % count // 2
        slot = f"{due + steps * timedelta(seconds=2) / count:%Y-%m-%d %H:%M:%S.%f}"
        seqno = 10 * count - number
        rows.append((seqno, f"burst_{number}", TASK, f"{later:%H:%M:%S}", slot))
        turns.append((slot, seqno))
    with closing(sqlite3.connect(place.state / "linod.sqlite", timeout=10)) as database, database:
        database.executemany(
            "INSERT INTO linod_systemtask (seqno, name, procedure, every_unit, start_time, next_due, log_level) "
            "VALUES (?, ?, ?, 'daily', ?, ?, 'WARNING')",
            rows,
        )
    return turns


def overtaken(claimed: Iterable[Turn]) -> int:
    """How many of these slots, in the order of their jobs, came after one whose turn was later."""
    turns = list(claimed)
    return sum(turn < latest for turn, latest in zip(turns, accumulate(turns, max), strict=True))
