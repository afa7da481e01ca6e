"""Version 2: what becomes of slots that passed while nobody could run them."""

from collections.abc import Iterator


def statements() -> Iterator[str]:
    yield 'ALTER TABLE "linod_systemtask" ADD COLUMN "missed" VARCHAR(10)'
