"""Version 8: the job that a task tries again at its `next_due`."""

from collections.abc import Iterator


def of_kind(kind: str, name: str) -> Iterator[str]:
    yield f'ALTER TABLE "{name}" ADD COLUMN "retried_job" INTEGER'
