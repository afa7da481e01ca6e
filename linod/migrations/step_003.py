"""Which failure disabled a task, in its row; and an index of each procedure's tasks by slot.

Both are for sites of a million tasks: the status finds what failed without looking through the ledger, and the tasks of
a plugin that was left out are not looked through for those that can run.
"""

from collections.abc import Iterator

from linod.migrations.step_001 import index

TABLE = "linod_systemtask"
KIND = "linod.SystemTask"

EXECUTED = "'succeeded', 'warned', 'failed', 'timed_out', 'out_of_memory', 'interrupted'"
DISABLING = "'failed', 'timed_out', 'out_of_memory'"

FAILED = f"""
UPDATE "{TABLE}" SET "failed_job" = (
    SELECT CASE WHEN j."state" IN ({DISABLING}) AND NOT EXISTS (
        SELECT 1 FROM "linod_change" c
        WHERE c."kind" = '{KIND}' AND c."task_id" = "{TABLE}"."id" AND c."at" >= j."ended_at"
        AND c."after" LIKE '%"disabled"%'
    ) THEN j."id" END
    FROM "linod_job" j
    WHERE j."kind" = '{KIND}' AND j."task_id" = "{TABLE}"."id" AND j."state" IN ({EXECUTED})
    ORDER BY j."id" DESC LIMIT 1
) WHERE "disabled" <> 0
"""
"""Disabled by its failure is a task whose last execution failed, unless an operator has switched it since."""


def statements() -> Iterator[str]:
    yield f'ALTER TABLE "{TABLE}" ADD COLUMN "failed_job" INTEGER'
    yield FAILED
    yield f'{index(TABLE, "failed_job")} WHERE "failed_job" IS NOT NULL'
    yield index(TABLE, "procedure, disabled, job_id, next_due, seqno")
