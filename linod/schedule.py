"""What to claim now and in which order, and when to look again. Pure: tasks and moments in, tasks and seconds out."""

from collections.abc import Sequence
from datetime import UTC, datetime

from linod.tasks import NOTHING_TO_PLAN, Task

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def claim_order(requested: Sequence[Task], due: Sequence[Task], free: int) -> tuple[Task, ...]:
    """Choose the tasks to claim in one pass.

    requested  tasks with a waiting request, in any order, disabled ones included.
    due        enabled tasks whose slot has come, in any order.
    free       job slots left; 0 or more.
    Returns    at most `free` tasks, none twice: requests by `requested_at`, then slots by `next_due` and `seqno`.
    Raises     ValueError when `free` is negative.
    Source     Lino's linod page, "Runnable": a request runs as soon as possible, whatever the schedule says.
    """
    if free < 0:
        raise ValueError(f"free job slots cannot be {free}")
    asked = sorted(requested, key=lambda task: (task.requested_at or _LONG_AGO, task.seqno))
    known = {task.key for task in asked}
    fell_due = sorted(
        (task for task in due if task.key not in known),
        key=lambda task: (task.next_due or _LONG_AGO, task.seqno),
    )
    # A row with a job is never claimed, whatever was read: two jobs of one task would run at a time.
    return tuple([task for task in asked + fell_due if task.job_id is None][:free])


def sleep_seconds(now: datetime, next_due: datetime | None, poll: float) -> float:
    """How long the loop may sleep: to the next slot, but no longer than `poll`, because polling is the truth.

    next_due  of the earliest enabled task; None when there is none.
    poll      background_sleep_time, in seconds.
    Returns   seconds, 0 when a slot has come.
    """
    if next_due is None or next_due >= NOTHING_TO_PLAN:
        return poll
    return min(poll, max(0.0, (next_due - now).total_seconds()))
