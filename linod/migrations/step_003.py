"""Which failure disabled a task, in its row; and an index of each procedure's tasks by slot.

Both are for sites of a million tasks: the status finds what failed without looking through the ledger, and the tasks of
a plugin that was left out are not looked through for those that can run.
"""

from collections.abc import Iterator

from linod.migrations.step_001 import index

EXECUTED = "'succeeded', 'warned', 'failed', 'timed_out', 'out_of_memory', 'interrupted'"
DISABLING = "'failed', 'timed_out', 'out_of_memory'"


def of_kind(kind: str, name: str) -> Iterator[str]:
    yield f'ALTER TABLE "{name}" ADD COLUMN "failed_job" INTEGER'
    yield _failed(kind, name)
    yield f'{index(name, "failed_job")} WHERE "failed_job" IS NOT NULL'
    yield index(name, "procedure, disabled, job_id, next_due, seqno")


def _failed(kind: str, name: str) -> str:
    """Disabled by its failure is a task whose last execution failed, unless an operator has switched it since."""
    return f"""
        UPDATE "{name}" SET "failed_job" = (
            SELECT CASE WHEN j."state" IN ({DISABLING}) AND NOT EXISTS (
                SELECT 1 FROM "linod_change" c
                WHERE c."kind" = '{kind}' AND c."task_id" = "{name}"."id" AND c."at" >= j."ended_at"
                AND c."after" LIKE '%"disabled"%'
            ) THEN j."id" END
            FROM "linod_job" j
            WHERE j."kind" = '{kind}' AND j."task_id" = "{name}"."id" AND j."state" IN ({EXECUTED})
            ORDER BY j."id" DESC LIMIT 1
        ) WHERE "disabled" <> 0
    """
