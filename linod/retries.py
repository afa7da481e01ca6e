"""When a failure disables a task, and how long a retry waits. Pure."""

from datetime import timedelta

from linod.policies import Policy
from linod.tasks import Task

LONGEST_PAUSE = 3600
"""Seconds between two retries, unless `retry_pause` is longer."""

JITTER = 0.1
"""Part of a pause by which it may be shorter or longer: what failed together is not retried together."""


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
