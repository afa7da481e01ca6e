"""The schema, step by step. Each step is one transaction; once released it is never edited, a later one corrects it.

The steps are SQL as SQLite has it. A test compares what they make with what `models` declares.
"""

from importlib import import_module
from typing import Any

from linod.errors import ConfigurationError

STEPS = {1: "linod.migrations.step_001"}
"""Version -> the module that leads to it from the version before. Imported only when the step is to be made."""

LATEST = max(STEPS)


def schema_version(db: Any) -> int:
    """Version of the schema in the database; 0 when linod has not made any tables there."""
    found = db.execute_sql("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'linod_schema'").fetchall()
    if not found:
        return 0
    return int(db.execute_sql("SELECT COALESCE(MAX(version), 0) FROM linod_schema").fetchall()[0][0])


def check_version(found: int, where: str) -> None:
    """Raise `ConfigurationError` when the schema is newer than this program.

    where  the database, as the error shall name it.
    """
    if found > LATEST:
        raise ConfigurationError(
            f"{where}: its tables are of version {found}, this linod knows versions up to {LATEST}: a newer linod has "
            "used it; install that linod again, or restore the database from a backup made before"
        )


def migrate(db: Any, where: str) -> int:
    """Make the steps that are missing; each is durable by itself. Returns how many were made.

    db     a Peewee database, connected.
    where  the database, as an error shall name it.
    Raises ConfigurationError when the schema is newer than this program, and Peewee's errors.
    """
    found = schema_version(db)
    check_version(found, where)
    made = 0
    for version in range(found + 1, LATEST + 1):
        with db.atomic("IMMEDIATE"):
            if schema_version(db) >= version:  # another process was faster
                continue
            for statement in import_module(STEPS[version]).statements():
                db.execute_sql(statement)
            db.execute_sql("INSERT INTO linod_schema (version) VALUES (?)", (version,))
            made += 1
    return made
