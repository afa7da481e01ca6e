"""What follows a job: a retry, another attempt, its task disabled, or just the next slot. Pure."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from linod.jobs import DISABLING, Job, State
from linod.policies import Policy
from linod.tasks import Task

LONGEST_PAUSE = 3600
"""Seconds between two retries, unless `retry_pause` is longer."""

JITTER = 0.1
"""Part of a pause by which it may be shorter or longer: what failed together is not retried together."""


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


def disables(policy: Policy, failures: int) -> bool:
    """Whether a failure disables the task, when it is the last of so many in a row."""
    return policy.on_failure == "disable" or (policy.on_failure == "retry" and failures > policy.retries)


def pause(task: Task, failures: int, policy: Policy) -> timedelta:
    """How long a retry waits: twice as long after each further failure; the same at each asking."""
    from zlib import crc32

    if not failures:
        return timedelta()
    seconds = min(policy.retry_pause * 2 ** min(failures - 1, 40), max(LONGEST_PAUSE, policy.retry_pause))
    part = crc32(f"{task.kind}:{task.id}:{failures}".encode()) / 2**32  # no chance in it, or no preview were true
    return timedelta(seconds=round(seconds * (1 + JITTER * (2 * part - 1)), 3))
