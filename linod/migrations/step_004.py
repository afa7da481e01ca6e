"""Version 4: the kinds of task that plugins have brought: known before the plugins are loaded, and without them."""

from collections.abc import Iterator

from linod.migrations.step_001 import index, table

KIND = """
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "name" VARCHAR(100) NOT NULL,
    "table_name" VARCHAR(64) NOT NULL,
    "definition" TEXT NOT NULL
"""


def statements() -> Iterator[str]:
    yield table("linod_kind", KIND)
    yield index("linod_kind", "name", unique=True)
    yield index("linod_kind", "table_name", unique=True)
