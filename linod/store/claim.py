"""The claim: the arrow from a task that is due or asked for to a job. With `end` the hot path of the daemon."""

from datetime import datetime
from typing import Any

from peewee import Value, fn

from linod import models
from linod.jobs import Job, State
from linod.models import Runnable
from linod.store.connection import Connection
from linod.store.query import param
from linod.tasks import NOTHING_TO_PLAN, Task


class Claims(Connection):
    """Making jobs."""

    def claim(
        self,
        task: Task,
        *,
        by_request: bool,
        slot: datetime | None,
        now: datetime,
        node: str,
        boot_id: str,
        retried: Job | None = None,
        next_due: datetime | None = NOTHING_TO_PLAN,
        anchor: datetime | None = None,
    ) -> Job | None:
        """Make the job of a task, unless its row has changed since it was read.

        task        as it was read. Its request and, with a slot, its `next_due` and being enabled must hold still.
        by_request  the task was requested; with a slot as well, one job serves both.
        slot        the slot that has come, or the moment of a retry; None for a request alone.
        node        id of this run of the daemon; with `boot_id` it says who has the job.
        retried     the job that this one repeats: it has the same slot, and the same request unless there is a new one.
        next_due    what the task's becomes; None: it stays, for a request alone.
        anchor      of a task that has none; None: the slot, else now.
        Returns     the job in state claimed; None when somebody else won. Then nothing was written.
        Raises      ValueError when neither a request nor a slot is a reason to claim.
        """
        if not by_request and slot is None:
            raise ValueError(f"task {task.key}: neither requested nor due")
        asked = task if by_request else task._replace(requested_at=None, requested_by=None, requested_log_level=None)
        return self._claim(asked, slot, now, node, boot_id, retried, next_due, anchor, waits=by_request)

    def claim_request(
        self,
        task: Task,
        *,
        by: str,
        log_level: str | None,
        slot: datetime | None,
        now: datetime,
        node: str,
        boot_id: str,
        retried: Job | None = None,
        next_due: datetime | None = NOTHING_TO_PLAN,
        anchor: datetime | None = None,
    ) -> tuple[Task, Job | None]:
        """Request a task and claim it at once: the request never waits in the row, which saves two statements.

        by, log_level  as `request` takes them; the others as `claim` does.
        Returns        the task as it was requested, and the job; None for that when a request waits already, or a job
                       has the task. Then nothing was written.
        """
        level = None if log_level is None else str(models.parse_column("log_level", log_level))
        asked = task._replace(requested_at=now, requested_by=by[:200], requested_log_level=level)
        return asked, self._claim(asked, slot, now, node, boot_id, retried, next_due, anchor, waits=False)

    def restate(self, task: Task) -> None:
        """Write the moments of a row that a claim compares as they are, in the form that linod gives them."""
        moments = {"next_due": task.next_due, "requested_at": task.requested_at}
        self._changed(_restate, self.model(task.kind), id=task.id, **moments)

    def _claim(
        self,
        task: Task,
        slot: datetime | None,
        now: datetime,
        node: str,
        boot_id: str,
        retried: Job | None,
        next_due: datetime | None,
        anchor: datetime | None,
        *,
        waits: bool,
    ) -> Job | None:
        """waits  the request stands in the row; else there must be none."""
        job = Job(
            id=0,
            kind=task.kind,
            task_id=task.id,
            task_name=task.name,
            procedure=task.procedure,
            state=State.CLAIMED,
            slot=slot,
            slot_last=None,
            slot_count=None,
            requested_at=task.requested_at,
            requested_by=task.requested_by,
            attempt=1,
            log_level=task.requested_log_level or task.log_level,
            node=node,
            boot_id=boot_id,
            claimed_at=now,
        )
        if retried is not None:
            job = _repeating(job, retried)
        with self.transaction():
            job = self._enter(job)
            if self._take(task, job, slot, next_due, anchor, waits):
                return job
            self._changed(_forget, id=job.id)
        return None

    def _enter(self, job: Job) -> Job:
        """Write the ledger's row: first, because the task's row then names it in the update that decides who won."""
        attempt = job.attempt
        if job.slot is not None:
            # Of a retry, too; else above 1 when the clock was set back and the task planned anew: the slot comes
            # twice, both jobs count.
            found = self._rows(_attempts, kind=job.kind, task_id=job.task_id, slot=job.slot)[0][0]
            attempt = (found or 0) + 1
        self._last_job = job_id = self._inserted(
            _enter, **{name: getattr(job, name) for name in GIVEN}, attempt=attempt
        )
        return job._replace(id=job_id, attempt=attempt)

    def _take(
        self,
        task: Task,
        job: Job,
        due: datetime | None,
        next_due: datetime | None,
        anchor: datetime | None,
        waits: bool,
    ) -> bool:
        """The conditional update: whether this claim won.

        due  what the row's `next_due` must be; None: anything.
        """
        now, retries = job.claimed_at, task.retried_job is not None
        local = now.astimezone(self.zone)
        changed = self._changed(
            _take,
            self.model(job.kind),
            waits,
            due is not None,
            due is not None and not retries,
            next_due is not None,
            id=job.task_id,
            job_id=job.id,
            now=now,
            next_due=next_due,
            anchor=anchor or job.slot or now,
            message=f"Started at {local:%d.%m.%Y %H:%M:%S %Z} with logging level {job.log_level}",
            requested_at=task.requested_at,
            due=due,
        )
        return changed == 1


def _repeating(job: Job, retried: Job) -> Job:
    """The job as another attempt of one that ended."""
    job = job._replace(slot=retried.slot, attempt=retried.attempt + 1)
    if job.requested_at is None and retried.requested_at is not None:
        job = job._replace(
            requested_at=retried.requested_at, requested_by=retried.requested_by, log_level=retried.log_level
        )
    return job


GIVEN = (
    *("kind", "task_id", "task_name", "procedure", "state", "slot", "requested_at", "requested_by"),
    *("log_level", "node", "boot_id", "claimed_at"),
)


def _take(model: type[Runnable], waits: bool, by_slot: bool, counts: bool, plans: bool) -> Any:
    changes = {
        model.job_id: param("job_id"),
        model.last_start_time: param("now", model.last_start_time),
        model.last_end_time: None,
        model.requested_at: None,
        model.requested_by: None,
        model.requested_log_level: None,
        model.retried_job: None,
        model.message: param("message"),
        model.anchor: fn.COALESCE(model.anchor, param("anchor", model.anchor)),
    }
    # A claim by slot alone must not swallow a request that came after the row was read.
    requested = model.requested_at == param("requested_at", model.requested_at)
    conditions = [model.id == param("id"), model.job_id.is_null()]
    conditions.append(requested if waits else model.requested_at.is_null())
    if plans:
        changes[model.next_due] = param("next_due", model.next_due)
    if counts:
        changes[model.events] = model.events + 1
    if by_slot:
        conditions += [model.disabled == False, model.next_due == param("due", model.next_due)]  # noqa: E712
    return model.update(changes).where(*conditions)


def _restate(model: type[Runnable]) -> Any:
    moments = {field: param(field.name, field) for field in (model.next_due, model.requested_at)}
    return model.update(moments).where(model.id == param("id"), model.job_id.is_null())


def _attempts() -> Any:
    job = models.Job
    return job.select(fn.MAX(job.attempt)).where(
        job.kind == param("kind"), job.task_id == param("task_id"), job.slot == param("slot", job.slot)
    )


def _enter() -> Any:
    values = {name: param(name, models.Job._meta.fields[name]) for name in (*GIVEN, "attempt")}
    texts = {name: Value("", converter=False) for name in ("message", "traceback", "log")}
    numbers = {name: Value(0, converter=False) for name in ("log_lines", "log_dropped")}
    return models.Job.insert({**values, **texts, **numbers})


def _forget() -> Any:
    return models.Job.delete().where(models.Job.id == param("id"))
