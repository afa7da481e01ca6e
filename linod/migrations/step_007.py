"""Version 7: the jobs of a task by outcome, and what a task was that is gone; by indexes that cost a claim nothing."""

from collections.abc import Iterator

from linod.migrations.step_001 import index


def statements() -> Iterator[str]:
    # Of ended jobs only: else a claim and a start would write here, too.
    yield f'{index("linod_job", "kind, task_id, state")} WHERE "ended_at" IS NOT NULL'
    yield f"{index('linod_change', 'task_name')} WHERE \"action\" = 'remove'"
