"""The methods that only look: tasks, jobs, procedures, logging levels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from itertools import accumulate
from typing import TYPE_CHECKING

from linod.control.call import Call
from linod.control.finding import GONE, NAMES, Problems, one_key, one_task
from linod.control.interface import refusal
from linod.control.messages import LIMIT
from linod.control.values import JsonObject, job_json, kind_json, moment, parse_moment, policy_json, procedure_json
from linod.errors import near
from linod.jobs import Job, State
from linod.lists import Wanted, parse_place, parse_status, place_text
from linod.loglevels import LogLevels
from linod.tasks import GRACE

if TYPE_CHECKING:
    from linod.control.operations import Operations, Running

PAGE = 200
"""Rows in one reply, unless the caller says otherwise."""

LONGEST_PAGE = 250
"""Written and read in some 3 ms, for which the loop does nothing else."""

ROOM = LIMIT - 64 * 1024
"""Bytes for the rows of one reply; the rest is for what stands around them."""


async def list_tasks(
    ops: Operations,
    call: Call,
    *,
    limit: int = PAGE,
    after: str | None = None,
    pattern: str | None = None,
    procedure: str | None = None,
    kind: str | None = None,
    status: str | None = None,
) -> JsonObject:
    now, problems, size = ops.clock.now(), Problems(ops), _page(limit)
    asked = Wanted(kind, pattern, procedure, None if status is None else parse_status(status), now - GRACE)
    place = None if after is None else parse_place(after)

    def look() -> JsonObject:
        page = ops.store.list_tasks(size, asked, place)
        rows = [problems.json(task, now, in_list=True) for task in page.tasks]
        kept = _fitting(rows)
        end = page.end if len(kept) == len(rows) else ops.store.place_of(page.tasks[len(kept) - 1], asked)
        return {
            "tasks": kept,
            "total": ops.store.count_tasks() if after is None else None,
            "next": None if end is None else place_text(end),
        }

    return await ops.db.run(look)


async def show_task(ops: Operations, call: Call, *, task: str) -> JsonObject:
    now, problems, running = ops.clock.now(), Problems(ops), by_id(ops)

    def look() -> JsonObject:
        found = one_task(ops.store, task)
        jobs = ops.store.jobs(key=found.key, states=None, before_id=None, limit=1)
        return {
            "task": problems.json(found, now),
            "job": live_json(jobs[0], now, running) if jobs else None,
            "policy": policy_json(found, ops.defaults),
        }

    return await ops.db.run(look)


async def list_jobs(
    ops: Operations,
    call: Call,
    *,
    task: str | None = None,
    states: list[str] | None = None,
    since: str | None = None,
    until: str | None = None,
    before: int | None = None,
    limit: int = 20,
) -> JsonObject:
    for state in states or ():
        if state not in State.__members__.values():
            known = near(state, [one.value for one in State], "there are " + ", ".join(State))
            raise refusal("BadValue", f"{state!r} is no outcome of a job; {known}", column="outcome")
    span = _span(since, until)
    now, running, size = ops.clock.now(), by_id(ops), _page(limit)

    def look() -> JsonObject:
        key = one_key(ops.store, task) if task is not None else None
        jobs = ops.store.jobs(key=key, states=states, **span, before_id=before, limit=size + 1)
        rows = [live_json(job, now, running, in_list=True) for job in jobs[:size]]
        kept = _fitting(rows)
        return {"jobs": kept, "next": jobs[len(kept) - 1].id if len(kept) < len(jobs) else None}

    return await ops.db.run(look)


async def list_changes(
    ops: Operations,
    call: Call,
    *,
    task: str | None = None,
    since: str | None = None,
    until: str | None = None,
    before: int | None = None,
    limit: int = 20,
) -> JsonObject:
    span, size = _span(since, until), _page(limit)

    def look() -> JsonObject:
        key = one_key(ops.store, task) if task is not None else None
        changes = ops.store.changes(key=key, **span, before_id=before, limit=size + 1)
        kept = _fitting([{**change._asdict(), "at": moment(change.at)} for change in changes[:size]])
        return {"changes": kept, "next": changes[len(kept) - 1].id if len(kept) < len(changes) else None}

    return await ops.db.run(look)


def _span(since: str | None, until: str | None) -> dict[str, datetime | None]:
    """The moments; raises Refusal for what is none."""
    return {name: None if text is None else _moment(name, text) for name, text in (("since", since), ("until", until))}


def _moment(name: str, text: str) -> datetime:
    try:
        return parse_moment(text)
    except (ValueError, OverflowError):
        what = f"{text!r} is not a moment in RFC 3339, such as 2026-11-24T03:00:00Z"
        raise refusal("BadValue", what, column=name) from None


async def list_procedures(ops: Operations, call: Call) -> JsonObject:
    procedures = ops.procedures()
    if procedures is None:
        raise refusal("HostAway", "the plugins are not loaded yet, so their procedures are not known; try again")
    return {"procedures": [procedure_json(procedure) for procedure in procedures]}


async def list_kinds(ops: Operations, call: Call) -> JsonObject:
    brought = {kind.name: kind for kind in ops.kinds() or ()}
    loaded = ops.kinds() is not None
    known = await ops.db.run(lambda: {kind.name: kind for kind in ops.store.known_kinds()})
    found = []
    for name, kind in sorted({**known, **brought}.items()):
        problem = kind.problem if name in brought else GONE if loaded else ""
        found.append(kind_json(known.get(name, kind), problem or None))
    return {"kinds": found}


async def list_log_levels(ops: Operations, call: Call) -> JsonObject:
    return {"log_levels": [{"value": level.name, "text": level.text, "number": level.value} for level in LogLevels]}


async def list_names(ops: Operations, call: Call) -> JsonObject:
    return {"names": await ops.db.run(ops.store.names, NAMES)}


def live_json(job: Job, now: datetime, running: Mapping[int, Running], *, in_list: bool = False) -> JsonObject:
    """A job of the ledger, with what it has told so far if it runs now."""
    live = running.get(job.id)
    if live is None or job.outcome is not None:
        return job_json(job, now, in_list=in_list)
    return job_json(job, now, progress=live.progress, log=None if in_list else live.log, in_list=in_list)


def by_id(ops: Operations) -> dict[int, Running]:
    """The jobs that run now, by their id."""
    return {running.job.id: running for running in ops.running()}


def _page(limit: int) -> int:
    return max(1, min(limit, LONGEST_PAGE))


def _fitting(rows: list[JsonObject]) -> list[JsonObject]:
    """The first rows that have room in one message; one at least, which has a few thousand bytes."""
    ends = accumulate(len(json.dumps(row)) for row in rows)
    return [row for row, end in zip(rows, ends, strict=True) if end <= ROOM] or rows[:1]
