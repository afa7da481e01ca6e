"""A site whose daemon is killed, and what must be true of it afterwards."""

import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.process.site import Site

FAILING = Path(__file__).parent / "programs" / "failing.py"

MARK = '''
import fcntl, os, select, sqlite3

def mark(ar):
    """Leave a line for this job; the lock tells of two at a time."""
    ar.lock = open(f"{OUT}.{ar.task.name}", "w")
    try:
        fcntl.flock(ar.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        word = "ran"
    except OSError:
        word = "beside-another"
    descriptor = os.open(OUT, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{word} {ar.job['id']}\\n".encode())
    os.close(descriptor)
'''


class CrashSite(Site):
    """`failing` starts the daemon with points at which it can be killed; `prefix` is a command that starts it."""

    failing = False
    prefix: Sequence[str] = ()

    def command(self, *words: str) -> list[str]:
        command = super().command(*words)
        return [sys.executable, str(FAILING), *command[1:]] if self.failing else [*self.prefix, *command]

    @property
    def database(self) -> Path:
        return self.state / "linod.sqlite"

    def rows(self, sql: str, *parameters: object) -> list[Any]:
        """Ask the database itself: the daemon may be dead."""
        with closing(sqlite3.connect(self.database, isolation_level=None, timeout=20)) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(sql, parameters).fetchall()

    def until_dead_or(self, true: Callable[[], object]) -> bool:
        """Wait until something is true, or the daemon has ended. Returns whether it lives."""
        self.wait_until(lambda: not self.alive() or true(), "end of it")
        return self.alive()

    def idle(self) -> bool:
        """Nothing runs, no request waits, and no slot: the first ones are claimed after READY."""
        waiting = "job_id IS NOT NULL OR requested_at IS NOT NULL OR next_due <= strftime('%Y-%m-%d %H:%M:%f', 'now')"
        waits = f"SELECT 1 FROM linod_systemtask WHERE {waiting}"
        return not self.rows(waits) and not self.rows("SELECT 1 FROM linod_job WHERE state IN ('claimed', 'running')")

    def interrupted(self) -> list[Any]:
        """The jobs that were interrupted."""
        return self.rows("SELECT * FROM linod_job WHERE state = 'interrupted'")

    def faults(self) -> Iterator[str]:
        """What is wrong with ledger and executions of an idle site, whatever has been done to its processes."""
        jobs = {row["id"]: row for row in self.rows("SELECT * FROM linod_job")}
        marks = [line.split() for line in self.output()]
        executions = Counter(int(number) for _, number in marks)
        yield from (f"job {number} ran beside another" for word, number in marks if word != "ran")
        yield from (f"job {number} ran {times} times" for number, times in executions.items() if times != 1)
        yield from (f"job {number} ran and is not in the ledger" for number in executions if number not in jobs)
        for number, job in jobs.items():
            if job["ended_at"] is None:
                yield f"job {number} is {job['state']}"
            elif job["state"] == "succeeded" and not executions[number]:
                yield f"job {number} succeeded and never ran"
            elif job["state"] == "failed":
                yield f"job {number} failed: {job['message']}"
        for column in ("slot", "requested_at"):
            seen = Counter((job["task_name"], job[column]) for job in jobs.values() if job[column])
            yield from (f"{key} has {times} jobs" for key, times in seen.items() if times != 1)
        stuck = "SELECT name FROM linod_systemtask WHERE job_id IS NOT NULL OR requested_at IS NOT NULL OR disabled"
        yield from (f"task {row['name']} is not free" for row in self.rows(stuck))
