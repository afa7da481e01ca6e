"""The schema, step by step. Once released a step is never edited, a later one corrects it.

A step's `statements()` are about linod's own tables, its `of_kind(kind, table)` is asked for the table of each kind of
task, those that plugins brought included. The steps are SQL as SQLite has it. A test compares what they make with what
`models` declares.
"""

import logging
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from linod.errors import ConfigurationError
from linod.tasks import SYSTEM_TASK

log = logging.getLogger("lino")

STEPS = {
    1: "linod.migrations.step_001",
    2: "linod.migrations.step_002",
    3: "linod.migrations.step_003",
    4: "linod.migrations.step_004",
    5: "linod.migrations.step_005",
    6: "linod.migrations.step_006",
    7: "linod.migrations.step_007",
    8: "linod.migrations.step_008",
}
"""Version -> the module that leads to it from the version before. Imported only when the step is to be made."""

LATEST = max(STEPS)


def schema_version(db: Any) -> int:
    """Version of the schema in the database; 0 when linod has not made any tables there."""
    found = db.execute_sql("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'linod_schema'").fetchall()
    if not found:
        return 0
    return int(db.execute_sql("SELECT COALESCE(MAX(version), 0) FROM linod_schema").fetchall()[0][0])


def check_version(found: int, path: Path) -> None:
    """Raise `ConfigurationError` when the schema is newer than this program; it names the copy to go back to."""
    if found <= LATEST:
        return
    from linod.migrations.copies import newest_copy

    copy = newest_copy(path, LATEST)
    back = (
        f"put back {copy}, the copy made before that (move {path.name}, {path.name}-wal and {path.name}-shm away first)"
        if copy
        else "restore the database from a backup made before"
    )
    raise ConfigurationError(
        f"{path}: its tables are of version {found}, this linod knows versions up to {LATEST}: a newer linod has "
        f"used it; install that linod again, or {back}"
    )


def outlook(found: int) -> str | None:
    """What the next start will do with tables of this version, for a person; None when nothing."""
    if found >= LATEST:
        return None
    if found == 0:
        return "has no tables of linod yet; the next start makes them"
    return f"has tables of version {found}; the next start keeps a copy of it and brings them to version {LATEST}"


def migrate(db: Any, path: Path) -> int:
    """Make the steps that are missing, all in one transaction, after a copy of the file. Returns how many were made.

    One transaction, because the copy is then what was there before all of it: another process that migrates waits, and
    finds nothing to do; whatever fails or is killed leaves the tables as the older linod made them.

    db      a Peewee database, connected.
    path    its file.
    Raises  ConfigurationError when the schema is newer than this program, DatabaseAway when the copy cannot be made,
            and Peewee's errors.
    """
    check_version(schema_version(db), path)
    if schema_version(db) == LATEST:
        return 0
    from linod.migrations.copies import keep_copy, remove_old_copies  # not what each start imports

    with db.atomic("IMMEDIATE"):
        found = schema_version(db)
        check_version(found, path)
        if 0 < found < LATEST:  # new tables take nothing from anybody
            copy = keep_copy(path, found)
            log.warning("The tables of %s go from version %d to %d; %s is as it was", path, found, LATEST, copy)
        for version in range(found + 1, LATEST + 1):
            for statement in _statements(import_module(STEPS[version]), db):
                db.execute_sql(statement)
            db.execute_sql("INSERT INTO linod_schema (version) VALUES (?)", (version,))
    if found:
        try:
            remove_old_copies(path)
        except OSError as error:  # the tables are as they shall be: no reason to fail
            log.warning("A copy that is not needed any more stays: %s", error)
    return LATEST - found


def _statements(step: Any, db: Any) -> Iterator[str]:
    yield from step.statements() if hasattr(step, "statements") else ()
    for kind, table in _kinds(db) if hasattr(step, "of_kind") else ():
        yield from step.of_kind(kind, table)


def _kinds(db: Any) -> list[tuple[str, str]]:
    """The kinds of task that there are, each with its table."""
    found = db.execute_sql("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'linod_kind'").fetchall()
    brought = db.execute_sql("SELECT name, table_name FROM linod_kind ORDER BY name").fetchall() if found else []
    return [(SYSTEM_TASK, "linod_systemtask"), *brought]
