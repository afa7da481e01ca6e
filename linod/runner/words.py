"""What the runner says in the log, in the words of Lino's page, and the fields that go with a job's records."""

import logging
import shlex

from linod.jobs import DISABLING, Job, Outcome, State
from linod.journal import Event
from linod.tasks import Task, label


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


def ending(task: Task, job: Job, outcome: Outcome, seconds: float, ctl: str) -> tuple[int, str, Event]:
    """The one record for the end of a job: its level, its text, what it is.

    ctl  how this site is operated: `linod-ctl`, or `linod-ctl --site NAME`.
    """
    text = ended(task, job, outcome, seconds)
    if outcome.state is State.SUCCEEDED:
        return logging.INFO, text, Event.JOB_ENDED
    if outcome.state not in DISABLING:
        return logging.WARNING, text, Event.JOB_ENDED
    if task.disabled:
        return logging.ERROR, failed(task, job, outcome, seconds, ctl), Event.JOB_FAILED
    return logging.ERROR, disabled(task, job, outcome, ctl, shlex.quote(task.name)), Event.TASK_DISABLED


def failed(task: Task, job: Job, outcome: Outcome, seconds: float, ctl: str) -> str:
    """One record for the failure of a job whose task was disabled already: an operator asked for this run."""
    return f"{ended(task, job, outcome, seconds)}\nSee why: {ctl} log --job {job.id}"


_CAUSES = {State.FAILED: "a failure", State.TIMED_OUT: "its timeout", State.OUT_OF_MEMORY: "out of memory"}


def disabled(task: Task, job: Job, outcome: Outcome, ctl: str, reference: str) -> str:
    """The one record about a task that its failure disabled: what, why, and the two commands that help.

    ctl        how this site is operated: `linod-ctl`, or `linod-ctl --site NAME`.
    reference  how linod-ctl is told which task.
    """
    what = "exception" if outcome.traceback and outcome.state is State.FAILED else _CAUSES[outcome.state]
    lines = [
        f"Disabled {label(task)} after {what} in job {job.id}: {outcome.message}",
        f"See why: {ctl} log --job {job.id}",
        f"Once the cause is gone: {ctl} enable {reference}",
    ]
    return "\n".join([*lines, outcome.traceback.rstrip()]).rstrip()
