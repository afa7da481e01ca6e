"""A step after the last one, for tests of what a migration does: one more column."""

from collections.abc import Iterator


def of_kind(kind: str, name: str) -> Iterator[str]:
    yield f"ALTER TABLE {name} ADD COLUMN colour VARCHAR(20)"
    yield f"UPDATE {name} SET colour = 'green'"
