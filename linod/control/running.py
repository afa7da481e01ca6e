"""The methods that make a task run, keep it from running, and end what runs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from linod.control.call import Call
from linod.control.changing import fields_of, record, tell, tell_of
from linod.control.finding import Problems, one_job, one_task
from linod.control.interface import Refusal, empty_reply, refusal
from linod.control.looking import by_id, live_json
from linod.control.values import JsonObject, job_json, moment, record_json
from linod.jobs import Ending, Job
from linod.loglevels import LogLevel, LogLevels
from linod.tasks import Task, TaskKey, label

if TYPE_CHECKING:
    from linod.control.operations import Follower, Operations


async def run_now(
    ops: Operations, call: Call, *, task: str, log_level: str | None = None, wait: bool = False, follow: bool = False
) -> JsonObject:
    if follow:
        call.expect_more()
    level = _level(log_level)
    peer = call.peer

    def find() -> Task:
        found = one_task(ops.store, task)
        problem = Problems(ops).of(found)
        if problem is not None:
            raise refusal("CannotRun", f"{label(found)} cannot run: {problem}", task=found.name)
        return found

    def also(requested: Task) -> None:
        after = {"requested_at": requested.requested_at, "requested_log_level": requested.requested_log_level}
        record(ops, peer, "run-now", requested, {}, after)

    try:
        asked = await ops.request(find, peer.name, level, also)
    except Refusal as refused:
        if not refused.name.endswith(".NoSuchTask") or ops.report().state != "loading":
            raise
        with call.waiting():  # the request has started a new site: its first tasks are being installed
            await ops.until_loaded()
        asked = await ops.request(find, peer.name, level, also)
    # From here to the follower nothing may await: the job may end at any turn of the loop.
    requested_at = asked.task.requested_at or (asked.job.requested_at if asked.job else None)
    stays = wait or follow
    follower = _follower(ops, asked.task, asked.job, requested_at) if stays else None
    now = ops.clock.now()
    reply: JsonObject = {
        "task": Problems(ops).json(asked.task, now),
        "requested_at": moment(requested_at) if requested_at else None,
        "new": asked.new,
        "job": job_json(asked.job, now, in_list=True) if asked.job else None,
        "record": None,
    }
    if asked.new:
        tell(ops, peer, "run-now", asked.task, f"requested to run {label(asked.task)}")
    if not stays:
        return reply
    if call.more:
        await call.reply(reply)
    job = await _until_end(ops, call, follower, asked.task, asked.job, records=follow)
    ended = job_json(job, ops.clock.now())
    return empty_reply("RunNow", job=ended) if call.more else {**reply, "job": ended}


async def cancel_run(ops: Operations, call: Call, *, task: str) -> JsonObject:
    now = ops.clock.now()

    def change() -> tuple[Task, Job]:
        with ops.store.transaction():
            found = one_task(ops.store, task)
            job = ops.store.cancel_request(found.key, now, call.peer.name)
            if job is None:
                raise _not_requested(found)
            record(ops, call.peer, "cancel-run", found, {"requested_at": found.requested_at}, {"requested_at": None})
        return ops.store.task(found.key) or found, job

    found, job = await ops.db.run(change)
    ops.request_cancelled(job)
    tell(ops, call.peer, "cancel-run", found, f"cancelled the request to run {label(found)}")
    ops.poke()
    return {"task": Problems(ops).json(found, now), "job": job_json(job, now)}


async def kill(ops: Operations, call: Call, *, task: str | None = None, job: int | None = None) -> JsonObject:
    if (task is None) == (job is None):
        raise refusal("BadValue", "name a task or a job, and not both", column="task" if job is None else "job")

    row = await ops.db.run(_job_to_kill, ops, task, job)
    ending = ops.kill(row.id, f"killed by {call.peer.name}")
    if ending is None:
        raise _not_running(row)
    if not ending.new:
        return _killed(ops, row, ending)

    def note() -> Task | None:
        with ops.store.transaction():
            now = ops.clock.now()
            task = row.kind, row.task_id, row.task_name
            peer = call.peer
            ops.store.change(now, peer.uid, peer.gid, peer.name, "kill", *task, {}, {"job_id": row.id})
        return ops.store.task(TaskKey(row.kind, row.task_id))

    found = await ops.db.run(note)
    fields = fields_of(call.peer, "kill", row.kind, row.task_id, row.task_name, row.procedure)
    tell_of(
        ops,
        call.peer,
        f"killed job {row.id} of {label(found) if found else row.task_name}",
        {**fields, "LINOD_JOB": str(row.id)},
    )
    return _killed(ops, row, ending)


def _killed(ops: Operations, row: Job, ending: Ending) -> JsonObject:
    return {"job": live_json(row, ops.clock.now(), by_id(ops)), "reason": ending.reason, "new": ending.new}


def _job_to_kill(ops: Operations, task: str | None, job_id: int | None) -> Job:
    if task is not None:
        found = one_task(ops.store, task)
        if found.job_id is None:
            raise refusal("NotRunning", f"{label(found)} does not run", task=found.name, job=None)
        job_id = found.job_id
    assert job_id is not None
    job = one_job(ops.store, job_id)
    if job.outcome is not None:
        raise _not_running(job)
    return job


def _not_running(job: Job) -> Refusal:
    ended = "it has just ended" if job.outcome is None else f"it ended {job.outcome.replace('_', ' ')}"
    return refusal(
        "NotRunning", f"job {job.id} of {job.task_name} does not run; {ended}", task=job.task_name, job=job.id
    )


def _not_requested(task: Task) -> Refusal:
    why = "no request to run it waits"
    if task.job_id is not None:
        why += f"; it runs already, as job {task.job_id}, and only `kill` ends that"
    return refusal("NotRequested", f"{label(task)}: {why}", task=task.name)


def _level(name: str | None) -> str | None:
    if name is None or name.upper() in LogLevel.__members__:
        return name and name.upper()
    known = ", ".join(level.name for level in LogLevels)
    raise refusal("BadValue", f"there is no logging level {name!r}; there are {known}", column="log_level")


def _follower(ops: Operations, task: Task, job: Job | None, requested_at: datetime | None) -> Follower | None:
    """Whoever tells of the job that the request became or becomes; None when it has ended already."""
    if job is not None:
        return ops.follow_job(job.id)
    assert requested_at is not None, "a request has a moment"
    return ops.follow_request(task.key, requested_at)


async def _until_end(
    ops: Operations, call: Call, follower: Follower | None, task: Task, job: Job | None, *, records: bool
) -> Job:
    """Hand on records until the job has ended; returns it as the ledger has it then."""
    job_id = job.id if job is not None else None
    if follower is not None:
        try:
            with call.waiting():
                async for event in follower.events():
                    found = event.get("job", job_id)
                    job_id = found if isinstance(found, int) else job_id
                    if records and event["event"] == "record":
                        await call.reply(empty_reply("RunNow", record=record_json(event, job_id, task.name)))
        finally:
            follower.close()
    assert job_id is not None, "the last event of a request names its job"
    return await ops.db.run(one_job, ops.store, job_id)
