"""The ledger: the arrows of a job after its claim, and reading it."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from peewee import Case

from linod import models
from linod.errors import IllegalTransition
from linod.jobs import ARROWS, EXECUTED, UNFINISHED, Job, Outcome, State, Usage
from linod.models import Runnable
from linod.store.query import param
from linod.store.rows import job_columns, job_value, storable
from linod.store.tasks import Tasks
from linod.tasks import NOTHING_TO_PLAN, Task, TaskKey

if TYPE_CHECKING:
    from linod.afterwards import Follows

ANY_UNFINISHED = 'SELECT 1 FROM "linod_job" WHERE "state" IN ({}) LIMIT 1'.format(
    ", ".join(f"'{state.value}'" for state in UNFINISHED)
)
ANY_BUSY = 'SELECT 1 FROM "{table}" WHERE "job_id" > 0 LIMIT 1'
"""As text: each start asks, few find anything, and Peewee takes 2 ms to make the queries for what they find."""


class Jobs(Tasks):
    """The rows of the ledger."""

    def started(self, job_id: int, pid: int | None, pid_started: int | None, now: datetime) -> None:
        """The child of a claimed job runs.

        pid_started  field 22 of /proc/PID/stat: with pid and boot id it names one process. None, as pid, when nobody
                     can tell which it was.
        Raises       IllegalTransition when the job has ended.
        """
        if self._changed(_started, id=job_id, pid=pid, pid_started=pid_started, now=now) != 1:
            raise self._illegal(job_id, State.RUNNING)

    def end(
        self,
        job: Job,
        outcome: Outcome,
        now: datetime,
        *,
        next_due: datetime,
        was: datetime | None = NOTHING_TO_PLAN,
        disable: bool,
        failures: int = 0,
        retried: bool = False,
        log: str,
        log_lines: int,
        log_dropped: int,
        message: str,
    ) -> None:
        """A job has ended: its row, the summary in its task's row and, after a failure, `disabled`, in one transaction.

        Of the task only the columns that are the job's are written: what an operator edited meanwhile stays.

        next_due  the next slot; not written when an edit during the job asked for a new plan.
        was       what is there now, as the caller has read it in this transaction: then `next_due` is written whatever
                  it is; NOTHING_TO_PLAN since the claim, unless that wrote a slot, or somebody edited the schedule.
        disable   disable the task.
        failures  how many jobs of the task have failed now, one after the other.
        retried   `next_due` is the moment at which this job is tried again.
        log       the last lines of the job; log_lines counts all, log_dropped those that are not in `log`.
        message   for the task's row; only the end of a very long text is kept, here and in `log` and the traceback.
        Raises    IllegalTransition when the job has ended already, or cannot end so; then nothing was written.
        """
        values = {
            "message": storable(outcome.message),
            "traceback": storable(outcome.traceback),
            "exit_code": outcome.exit_code,
            "exit_signal": outcome.exit_signal,
            "log": storable(log),
            "log_lines": log_lines,
            "log_dropped": log_dropped,
            **outcome.usage._asdict(),
        }
        with self.transaction():
            if self._changed(_end, outcome.state, id=job.id, now=now, **values) != 1:
                raise self._illegal(job.id, outcome.state)
            if job.kind not in self.kinds:
                return
            model = self.model(job.kind)
            summary = {
                "now": now,
                "message": storable(message),
                "next_due": next_due,
                "never": NOTHING_TO_PLAN,
                "failures": failures,
                "retried_job": job.id if retried else None,
            }
            executed = outcome.state in EXECUTED or outcome.state is State.INTERRUPTED
            as_read = was != NOTHING_TO_PLAN
            self._changed(_summary, model, disable, executed, as_read, id=job.task_id, job_id=job.id, **summary)

    def left_over(self) -> bool:
        """Whether a daemon that is no more has left a job without its end, or a task with a job."""
        tables = (model._meta.table_name for model in self.kinds.values())
        return any(map(self._rows_of, (ANY_UNFINISHED, *(ANY_BUSY.format(table=table) for table in tables))))

    def unfinished(self) -> list[Job]:
        """The jobs that are claimed or running, the oldest first."""
        return [job_value(row) for row in self._rows(_unfinished)]

    def interrupt_unfinished(self, now: datetime, message: str, follows: "Callable[[Task, Job], Follows]") -> list[Job]:
        """Settle what a daemon left that is no more: its jobs become interrupted, in one transaction.

        message   why; for people.
        follows   what that means for a job's task.
        Returns   the jobs as they are now. Nothing is disabled.
        """
        from linod.afterwards import Follows  # most starts find nothing to settle

        outcome = Outcome(State.INTERRUPTED, message)
        with self.transaction():
            jobs = self.unfinished()
            for job in jobs:
                task = self.task(TaskKey(job.kind, job.task_id)) if job.kind in self.kinds else None
                then = Follows(NOTHING_TO_PLAN, False, False, 0) if task is None else follows(task, job)
                self.end(
                    job,
                    outcome,
                    now,
                    **then._asdict(),
                    was=NOTHING_TO_PLAN if task is None or not then.retried else task.next_due,
                    log="",
                    log_lines=0,
                    log_dropped=0,
                    message=message,
                )
            for model in self.kinds.values():
                self._changed(_release, model, now=now, message=message)
        return [job._replace(state=State.INTERRUPTED, ended_at=now, message=message) for job in jobs]

    def job(self, job_id: int) -> Job | None:
        """One job; None when there is none of this id."""
        return next((job_value(row) for row in self._rows(_by_id, id=job_id)), None)

    def _illegal(self, job_id: int, wanted: State) -> IllegalTransition:
        job = self.job(job_id)
        found = "not in the ledger" if job is None else job.state.value
        return IllegalTransition(f"job {job_id} is {found}: it cannot become {wanted.value}")


def _started() -> Any:
    job = models.Job
    values = {name: param(name) for name in ("pid", "pid_started")}
    return job.update(**values, started_at=param("now", job.started_at), state=State.RUNNING.value).where(
        job.id == param("id"), job.state.in_(_origins(State.RUNNING))
    )


def _origins(state: State) -> list[str]:
    return [origin.value for origin, ends in ARROWS.items() if state in ends]


def _end(state: State) -> Any:
    job = models.Job
    names = ("message", "traceback", "exit_code", "exit_signal", "log", "log_lines", "log_dropped", *Usage._fields)
    return job.update(
        **{name: param(name) for name in names}, state=state.value, ended_at=param("now", job.ended_at)
    ).where(job.id == param("id"), job.state.in_(_origins(state)))


def _summary(model: type[Runnable], disable: bool, executed: bool, as_read: bool) -> Any:
    due = model.next_due
    planned = param("next_due", due)
    if not as_read:
        planned = Case(None, [(due == param("never", due), planned)], due)
    columns = {
        model.last_end_time: param("now", model.last_end_time),
        model.message: param("message"),
        model.job_id: None,
        model.next_due: planned,
        model.failures: param("failures"),
        model.retried_job: param("retried_job"),
    }
    if disable:
        columns |= {model.disabled: True, model.failed_job: param("job_id")}
    elif executed:
        columns[model.failed_job] = None
    return model.update(columns).where(model.id == param("id"), model.job_id == param("job_id"))


def _release(model: type[Runnable]) -> Any:
    # Of a job that is not in the ledger any more: the task would wait for its end for ever.
    columns = {
        model.job_id: None,
        model.next_due: None,
        model.last_end_time: param("now", model.last_end_time),
        model.message: param("message"),
        model.failed_job: None,
        model.retried_job: None,
    }
    # Not `is_null(False)`: Peewee 3.14 writes that as `IS NOT ?`, for which SQLite reads all rows.
    return model.update(columns).where(model.job_id > 0)


def _select() -> Any:
    return models.Job.select(job_columns())


def _by_id() -> Any:
    return _select().where(models.Job.id == param("id"))


def _unfinished() -> Any:
    return _select().where(models.Job.state.in_([state.value for state in UNFINISHED])).order_by(models.Job.id)
