"""A step after the last one, for tests of what a migration does: one more column."""

from collections.abc import Iterator


def statements() -> Iterator[str]:
    yield "ALTER TABLE linod_systemtask ADD COLUMN colour VARCHAR(20)"
    yield "UPDATE linod_systemtask SET colour = 'green'"
