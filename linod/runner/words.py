"""What the runner says in the log, in the words of Lino's page, and the fields that go with a job's records."""

import logging
import shlex

from linod.jobs import DISABLING, Job, Outcome, State
from linod.journal import Event
from linod.policies import LINODS, Policy
from linod.quantities import seconds_text
from linod.retries import disables, pause
from linod.tasks import Task, label, length


def job_fields(job: Job) -> dict[str, str]:
    """The journal fields of all records of one job (DESIGN "Names that are dear to change")."""
    return {
        "LINOD_KIND": job.kind,
        "LINOD_TASK": job.task_name,
        "LINOD_TASK_ID": str(job.task_id),
        "LINOD_JOB": str(job.id),
        "LINOD_PROCEDURE": job.procedure,
    }


def task_fields(task: Task) -> dict[str, str]:
    """The journal fields of a record about a task that has no job."""
    return {
        "LINOD_KIND": task.kind,
        "LINOD_TASK": task.name,
        "LINOD_TASK_ID": str(task.id),
        "LINOD_PROCEDURE": task.procedure,
    }


def starts(task: Task, job: Job) -> str:
    return f"Start {label(task)} with logging level {job.log_level}"


def ended(task: Task, job: Job, outcome: Outcome, seconds: float) -> str:
    """One line for the end of a job that left its task enabled."""
    lasted = f"after {seconds:.3g} seconds (job {job.id})"
    if outcome.state is State.SUCCEEDED:
        return f"Successfully terminated {label(task)} {lasted}"
    if outcome.state is State.WARNED:
        return f"Terminated {label(task)} with warning {outcome.message} {lasted}"
    said = f": {outcome.message}" if outcome.message else ""
    return f"{label(task)} ended {outcome.state.value.replace('_', ' ')} {lasted}{said}"


def ending(
    task: Task, job: Job, outcome: Outcome, seconds: float, ctl: str, policy: Policy = LINODS
) -> tuple[int, str, Event]:
    """The one record for the end of a job: its level, its text, what it is.

    task    as it was when the job was claimed.
    ctl     how this site is operated: `linod-ctl`, or `linod-ctl --site NAME`.
    policy  of the task.
    """
    text = ended(task, job, outcome, seconds)
    if outcome.state is State.SUCCEEDED:
        return logging.INFO, text, Event.JOB_ENDED
    if outcome.state not in DISABLING:
        return logging.WARNING, text, Event.JOB_ENDED
    failures = task.failures + 1
    if task.disabled or not disables(policy, failures):
        text = failed(task, job, outcome, seconds, ctl)
        if task.disabled or policy.on_failure != "retry":
            return logging.ERROR, text, Event.JOB_FAILED
        pause_text = length(max(1, round(pause(task, failures, policy).total_seconds())))
        retry = f"Retry {failures} of {policy.retries} follows in {pause_text}, or the next slot before that."
        return logging.WARNING, f"{text}\n{retry}", Event.JOB_FAILED
    return logging.ERROR, disabled(task, job, outcome, ctl, shlex.quote(task.name)), Event.TASK_DISABLED


def failed(task: Task, job: Job, outcome: Outcome, seconds: float, ctl: str) -> str:
    """One record for the failure of a job that disables no task: it is retried, or goes on, or was disabled already."""
    return f"{ended(task, job, outcome, seconds)}\nSee why: {ctl} show-job {job.id}"


def lengthy(task: Task, job: Job, seconds: float, usual: float, ctl: str) -> str:
    """The record about a job that runs much longer than it used to."""
    used = seconds_text(round(usual)) if usual >= 1 else f"{usual:.2g}s"
    text = f"{label(task)} has been running for {seconds_text(round(seconds))} (job {job.id}); it usually takes {used}"
    return f"{text}\nSee what it does: {ctl} log --job {job.id}\nTo end it: {ctl} kill --job {job.id}"


_CAUSES = {State.FAILED: "a failure", State.TIMED_OUT: "its timeout", State.OUT_OF_MEMORY: "out of memory"}


def disabled(task: Task, job: Job, outcome: Outcome, ctl: str, reference: str) -> str:
    """The one record about a task that its failure disabled: what, why, and the two commands that help.

    ctl        how this site is operated: `linod-ctl`, or `linod-ctl --site NAME`.
    reference  how linod-ctl is told which task.
    """
    what = "exception" if outcome.traceback and outcome.state is State.FAILED else _CAUSES[outcome.state]
    lines = [
        f"Disabled {label(task)} after {what} in job {job.id}: {outcome.message}",
        f"See why: {ctl} show-job {job.id}",
        f"Once the cause is gone: {ctl} enable {reference}",
    ]
    return "\n".join([*lines, outcome.traceback.rstrip()]).rstrip()
