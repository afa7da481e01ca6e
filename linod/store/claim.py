"""The claim: the arrow from a task that is due or asked for to a job. With `end` the hot path of the daemon."""

from datetime import datetime
from typing import Any

from peewee import Value, fn

from linod import models
from linod.jobs import Job, State
from linod.models import Runnable, parse_column
from linod.store.connection import Connection
from linod.store.query import param
from linod.tasks import NOTHING_TO_PLAN, Task


class Claims(Connection):
    """Making jobs."""

    def claim(
        self, task: Task, *, by_request: bool, slot: datetime | None, now: datetime, node: str, boot_id: str
    ) -> Job | None:
        """Make the job of a task, unless its row has changed since it was read.

        task        as it was read. Its request and, with a slot, its `next_due` and being enabled must hold still.
        by_request  the task was requested; with a slot as well, one job serves both.
        slot        the slot that has come; None for a request alone.
        node        id of this run of the daemon; with `boot_id` it says who has the job.
        Returns     the job in state claimed; None when somebody else won. Then nothing was written.
        Raises      ValueError when neither a request nor a slot is a reason to claim.
        """
        if not by_request and slot is None:
            raise ValueError(f"task {task.key}: neither requested nor due")
        asked = task if by_request else task._replace(requested_at=None, requested_by=None, requested_log_level=None)
        return self._claim(asked, slot, now, node, boot_id, waits=by_request)

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
    ) -> tuple[Task, Job | None]:
        """Request a task and claim it at once: the request never waits in the row, which saves two statements.

        by, log_level  as `request` takes them.
        Returns        the task as it was requested, and the job; None for that when a request waits already, or a job
                       has the task. Then nothing was written.
        """
        level = None if log_level is None else str(parse_column("log_level", log_level))
        asked = task._replace(requested_at=now, requested_by=by[:200], requested_log_level=level)
        return asked, self._claim(asked, slot, now, node, boot_id, waits=False)

    def _claim(
        self, task: Task, slot: datetime | None, now: datetime, node: str, boot_id: str, *, waits: bool
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
        with self.transaction():
            job = self._enter(job)
            if self._take(job, waits):
                return job
            self._changed(_forget, id=job.id)
        return None

    def _enter(self, job: Job) -> Job:
        """Write the ledger's row: first, because the task's row then names it in the update that decides who won."""
        attempt = 1
        if job.slot is not None:
            # Above 1 when the clock was set back and the task planned anew: the slot comes twice, both jobs count.
            found = self._rows(_attempts, kind=job.kind, task_id=job.task_id, slot=job.slot)[0][0]
            attempt = (found or 0) + 1
        job_id = self._inserted(_enter, **{name: getattr(job, name) for name in GIVEN}, attempt=attempt)
        return job._replace(id=job_id, attempt=attempt)

    def _take(self, job: Job, waits: bool) -> bool:
        """The conditional update: whether this claim won."""
        now = job.claimed_at
        local = now.astimezone(self.zone)
        changed = self._changed(
            _take,
            self.model(job.kind),
            waits,
            job.slot is not None,
            id=job.task_id,
            job_id=job.id,
            now=now,
            never=NOTHING_TO_PLAN,
            anchor=job.slot or now,
            message=f"Started at {local:%d.%m.%Y %H:%M:%S %Z} with logging level {job.log_level}",
            requested_at=job.requested_at,
            next_due=job.slot,
        )
        return changed == 1


GIVEN = (
    *("kind", "task_id", "task_name", "procedure", "state", "slot", "requested_at", "requested_by"),
    *("log_level", "node", "boot_id", "claimed_at"),
)


def _take(model: type[Runnable], waits: bool, by_slot: bool) -> Any:
    changes = {
        model.job_id: param("job_id"),
        model.last_start_time: param("now", model.last_start_time),
        model.last_end_time: None,
        model.requested_at: None,
        model.requested_by: None,
        model.requested_log_level: None,
        model.next_due: param("never", model.next_due),
        model.message: param("message"),
        model.anchor: fn.COALESCE(model.anchor, param("anchor", model.anchor)),
    }
    # A claim by slot alone must not swallow a request that came after the row was read.
    requested = model.requested_at == param("requested_at", model.requested_at)
    conditions = [model.id == param("id"), model.job_id.is_null()]
    conditions.append(requested if waits else model.requested_at.is_null())
    if by_slot:
        changes[model.events] = model.events + 1
        conditions += [model.disabled == False, model.next_due == param("next_due", model.next_due)]  # noqa: E712
    return model.update(changes).where(*conditions)


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
