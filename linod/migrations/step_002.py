"""Version 2: what becomes of slots that passed while nobody could run them."""

from collections.abc import Iterator


def of_kind(kind: str, name: str) -> Iterator[str]:
    yield f'ALTER TABLE "{name}" ADD COLUMN "missed" VARCHAR(10)'
