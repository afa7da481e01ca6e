"""GetLog: what jobs logged, and with `follow` what they log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from linod.control.call import Call
from linod.control.finding import one_job, one_task
from linod.control.interface import empty_reply, refusal
from linod.control.looking import by_id, live_json
from linod.control.values import JsonObject, record_json
from linod.jobs import Job
from linod.tasks import Task, TaskKey
from linod.tuples import NamedTuple

if TYPE_CHECKING:
    from linod.control.operations import Follower, Operations, Running

LINES = 100
"""Lines of all tasks, unless the caller says otherwise."""

JOBS = 50
"""Jobs whose logs are looked through for one answer; each has at most 64 KiB."""


async def get_log(
    ops: Operations,
    call: Call,
    *,
    task: str | None = None,
    job: int | None = None,
    lines: int | None = None,
    follow: bool = False,
) -> JsonObject:
    if task is not None and job is not None:
        raise refusal("BadValue", "name a task or a job, and not both", column="job")
    if follow:
        call.expect_more()
    key = await _key(ops, task)
    # The follower and what running jobs have logged so far are taken without awaiting: no line is lost or comes twice.
    follower = None
    if follow:
        follower = ops.follow_task(key) if job is None else ops.follow_job(job)
    running = _snapshot(ops)
    past = empty_reply("GetLog", journal=ops.report().log == "journal")
    if follower is None:
        return {**past, "jobs": await _past(ops, key, job, lines, running)}
    try:
        await call.reply({**past, "jobs": await _past(ops, key, job, lines, running)})
        with call.waiting():
            return await _events(ops, call, follower, job, running)
    finally:
        follower.close()


class _Snapshot(NamedTuple):
    """A running job, as it was at one moment."""

    task: Task
    job: Job
    progress: tuple[int, int] | None
    log: str


def _snapshot(ops: Operations) -> dict[int, Running]:
    return {number: _Snapshot(one.task, one.job, one.progress, one.log) for number, one in by_id(ops).items()}


async def _events(
    ops: Operations, call: Call, follower: Follower, job: int | None, running: Mapping[int, Running]
) -> JsonObject:
    names = {number: one.job.task_name for number, one in running.items()}
    async for event in follower.events():
        number = event.get("job", job)
        if not isinstance(number, int):
            continue
        if event["event"] == "claimed":
            names |= {number: one.job.task_name for number, one in by_id(ops).items()}
        elif event["event"] == "record":
            await call.reply(empty_reply("GetLog", record=record_json(event, number, names.get(number))))
        elif event["event"] == "ended":
            names.pop(number, None)
            row = await ops.db.run(ops.store.job, number)
            ended = empty_reply("GetLog", job=live_json(row, ops.clock.now(), {}) if row else None)
            if job is not None:
                return ended
            await call.reply(ended)
    return empty_reply("GetLog")


async def _key(ops: Operations, task: str | None) -> TaskKey | None:
    return None if task is None else (await ops.db.run(one_task, ops.store, task)).key


async def _past(
    ops: Operations, key: TaskKey | None, job: int | None, lines: int | None, running: Mapping[int, Running]
) -> list[JsonObject]:
    """The jobs that have the last `lines` lines, oldest first, each with its share of them in `log`.

    Without `lines`: all of one job, of a task all of its last job, of all tasks LINES.
    """
    now = ops.clock.now()
    wanted = lines if lines is not None or key is not None or job is not None else LINES
    looked_at = 1 if wanted is None else JOBS

    def look() -> list[JsonObject]:
        if job is None:
            rows = ops.store.jobs(key=key, states=None, before_id=None, limit=looked_at)
        else:
            rows = [one_job(ops.store, job)]
        return _last(rows, wanted, now, running)

    return await ops.db.run(look)


def _last(rows: list[Job], wanted: int | None, now: datetime, running: Mapping[int, Running]) -> list[JsonObject]:
    found: list[JsonObject] = []
    left = wanted
    for row in rows:
        if left is not None and left <= 0:
            break
        shown = live_json(row, now, running)
        kept = str(shown["log"]).splitlines()
        if left is not None:
            kept = kept[-left:]
            left -= len(kept)
        found.append({**shown, "log": "\n".join(kept)})
    return found[::-1]
