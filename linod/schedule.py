"""What to claim now and in which order, and when to look again. Pure: tasks and moments in, tasks and seconds out."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from types import MappingProxyType

from linod.policies import LINODS, Policy
from linod.tasks import NOTHING_TO_PLAN, Task, TaskKey

NO_QUEUES: Mapping[str, int] = MappingProxyType({})

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


FRESH = timedelta(minutes=1)
"""How long ago a slot of fresh work fell due, at most. What is older is late work, and there may be a year of it."""


def claim_order(
    requested: Sequence[Task],
    due: Sequence[Task],
    free: int,
    fresh: Sequence[Task] = (),
    *,
    fresh_first: bool = False,
    policy: Policy = LINODS,
    room: Mapping[str, int] = NO_QUEUES,
) -> tuple[Task, ...]:
    """Choose the tasks to claim in one pass.

    requested  tasks with a waiting request, in any order, disabled ones included.
    due        enabled tasks whose slot has come, in any order.
    free       job slots left; 0 or more.
    fresh      of these, and of those behind them, the fresh work; it takes turns with the others.
    fresh_first  whose turn it is.
    policy     fills a priority or queue that a task leaves empty.
    room       how many more jobs of a queue may run; of those that are not there any number.
    Returns    at most `free` tasks, none twice: requests by `requested_at`, then slots, of a higher priority first, by
               `next_due` and `seqno`.
    Raises     ValueError when `free` is negative.
    Source     Lino's linod page, "Runnable": a request runs as soon as possible, whatever the schedule says.
    """
    if free < 0:
        raise ValueError(f"free job slots cannot be {free}")
    asked = sorted(requested, key=lambda task: (task.requested_at or _LONG_AGO, task.seqno))
    turns = (fresh, due) if fresh_first else (due, fresh)
    fell_due = [task for pair in zip_longest(*map(_by_slot, turns)) for task in pair if task is not None]
    fell_due.sort(key=lambda task: -_priority(task, policy))
    once: dict[TaskKey, Task] = {}
    for task in asked + fell_due:
        once.setdefault(task.key, task)
    # A row with a job is never claimed, whatever was read: two jobs of one task would run at a time.
    return tuple(_roomy([task for task in once.values() if task.job_id is None], policy, room)[:free])


def with_room(due: Sequence[Task], limit: int, policy: Policy, room: Mapping[str, int]) -> list[Task]:
    """The first of these slots that can be claimed, in order; `policy` and `room` as `claim_order` takes them."""
    ordered = sorted(due, key=lambda task: (-_priority(task, policy), task.next_due or _LONG_AGO, task.seqno))
    return _roomy(ordered, policy, room)[:limit]


def _roomy(tasks: list[Task], policy: Policy, room: Mapping[str, int]) -> list[Task]:
    """Of each queue no more than it has room for."""
    if not room:
        return tasks
    left, found = dict(room), []
    for task in tasks:
        queue = task.queue or policy.queue
        if left.get(queue, 1) > 0:
            found.append(task)
            if queue in left:
                left[queue] -= 1
    return found


def _priority(task: Task, policy: Policy) -> int:
    return policy.priority if task.priority is None else task.priority


def is_fresh(slot: datetime, now: datetime) -> bool:
    """Whether a slot fell due a moment ago."""
    return slot > now - FRESH


def _by_slot(tasks: Sequence[Task]) -> list[Task]:
    return sorted(tasks, key=lambda task: (task.next_due or _LONG_AGO, task.seqno))


def sleep_seconds(now: datetime, next_due: datetime | None, poll: float) -> float:
    """How long the loop may sleep: to the next slot, but no longer than `poll`, because polling is the truth.

    next_due  of the earliest enabled task; None when there is none.
    poll      background_sleep_time, in seconds.
    Returns   seconds, 0 when a slot has come.
    """
    if next_due is None or next_due >= NOTHING_TO_PLAN:
        return poll
    return min(poll, max(0.0, (next_due - now).total_seconds()))
