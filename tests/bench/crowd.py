"""Databases of many tasks that are not due, made once and copied for each use."""

import hashlib
import shutil
import sqlite3
from contextlib import closing
from importlib import import_module
from inspect import getsource
from pathlib import Path

from linod.migrations import STEPS
from linod.store import Store
from tests.bench.environment import BUILD

COLUMNS = "seqno, name, procedure, every_unit, start_time, next_due"
ROW = "i, 'customer_' || i, 'do_nothing', 'daily', '04:00:00', '2098-12-01 0' || (i % 8) || ':00:00.000000'"


def crowd(count: int) -> Path:
    """A database with `count` tasks, planned and far from due. It belongs to all: copy it."""
    steps = "".join(getsource(import_module(module)) for module in STEPS.values())
    key = hashlib.sha256((steps + COLUMNS + ROW).encode()).hexdigest()[:12]
    place = BUILD / "bench"
    place.mkdir(parents=True, exist_ok=True)
    made = place / f"tasks-{count}-{key}.sqlite"
    if made.exists():
        return made
    for old in place.glob(f"tasks-{count}-*"):
        old.unlink()
    making = place / f"making-{count}.sqlite"
    making.unlink(missing_ok=True)
    store = Store(f"sqlite:///{making}")
    store.open()
    store.close()
    with closing(sqlite3.connect(making)) as database:
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
        database.execute(f"{numbers} INSERT INTO linod_systemtask ({COLUMNS}) SELECT {ROW} FROM n", [count])
        database.commit()
    making.rename(made)
    return made


def copy_crowd(count: int, directory: Path) -> Path:
    """A copy of it as the database of a site whose state directory this is."""
    return Path(shutil.copyfile(crowd(count), directory / "linod.sqlite"))
