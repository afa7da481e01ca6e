"""Version 8: the job that a task tries again at its `next_due`; indexes of a queue's and priority's tasks by slot."""

from collections.abc import Iterator

from linod.migrations.step_001 import index


def of_kind(kind: str, name: str) -> Iterator[str]:
    yield f'ALTER TABLE "{name}" ADD COLUMN "retried_job" INTEGER'
    yield index(name, "queue, priority, disabled, job_id, next_due, seqno")
    yield f'{index(name, "queue, job_id, requested_at")} WHERE "requested_at" IS NOT NULL'
