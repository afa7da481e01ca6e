"""What follows a job: a retry, another attempt, its task disabled, or just the next slot. Pure."""

from collections.abc import Callable
from datetime import datetime

from linod.jobs import DISABLING, Job, State
from linod.policies import Policy
from linod.retries import disables, pause
from linod.tasks import Task
from linod.tuples import NamedTuple


class Follows(NamedTuple):
    """What a job leaves in the row of its task.

    next_due  a slot, or with `retried` the moment at which the same job is tried again.
    failures  how many jobs of the task have failed, one after the other.
    """

    next_due: datetime
    retried: bool
    disable: bool
    failures: int


def what_follows(
    task: Task,
    job: Job,
    state: State,
    end: datetime,
    slot: datetime,
    policy: Policy,
    may_start: Callable[[datetime], bool] = lambda moment: True,
) -> Follows:
    """What the end of a job means for its task.

    task       as the row is now.
    state      how the job ended.
    slot       the next one; NOTHING_TO_PLAN when there is none.
    may_start  whether a moment lies in the window of the day in which the task may start.
    Source     DESIGN "Failure". A retry that would come after the next slot is none: the job of that slot tries again.
    """
    failed = state in DISABLING
    failures = task.failures
    if failed or state in (State.SUCCEEDED, State.WARNED):
        failures = failures + 1 if failed else 0
    disable = failed and disables(policy, failures)
    again = None
    if not (disable or task.disabled):
        if failed and policy.on_failure == "retry":
            again = end + pause(task, failures, policy)
        elif state is State.INTERRUPTED and policy.on_crash == "again" and job.attempt <= policy.retries:
            again = end
    if again is None or again >= slot or not may_start(again):
        return Follows(slot, False, disable, failures)
    return Follows(again, True, disable, failures)
