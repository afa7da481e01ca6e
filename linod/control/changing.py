"""The methods that change tasks. Each change is one transaction with its `Change` row, and one journal line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from linod.control.call import Call
from linod.control.finding import Problems, known_procedure, one_task
from linod.control.interface import refusal
from linod.control.peer import Peer
from linod.control.values import JsonObject, plain
from linod.errors import near
from linod.jobs import Job
from linod.policies import DEFAULT, POLICIES, policy_text
from linod.recurrence import SCHEDULE, BadRecurrence, plan
from linod.tasks import Task, label, splayed

if TYPE_CHECKING:
    from linod.control.operations import Operations

RETENTION = frozenset({"keep_days", "keep_jobs"})
"""Columns that say what is kept of a task's jobs."""


async def enable(ops: Operations, call: Call, *, task: str) -> JsonObject:
    found, changed = await _set(ops, call, task, {"disabled": False}, "enable")
    return {"task": json_of(ops, _planned(ops, found)), "changed": bool(changed)}


async def disable(ops: Operations, call: Call, *, task: str) -> JsonObject:
    found, changed = await _set(ops, call, task, {"disabled": True}, "disable")
    return {"task": json_of(ops, found), "changed": bool(changed)}


async def set_task(ops: Operations, call: Call, *, task: str, columns: Mapping[str, object]) -> JsonObject:
    found, changed = await _set(ops, call, task, columns, "set")
    return {"task": json_of(ops, found), "changed": changed}


async def add_task(
    ops: Operations,
    call: Call,
    *,
    procedure: str,
    kind: str = "",
    name: str = "",
    columns: Mapping[str, object] | None = None,
) -> JsonObject:
    known = known_procedure(ops.procedures(), procedure, kind)
    given = {**_texts(known.defaults), **(columns or {})} | ({"name": name} if name else {})
    now = ops.clock.now()

    def change() -> Task:
        with ops.store.transaction():
            values = _with_defaults(ops, parsed(ops, known.class_name, given))
            chosen = str(values.pop("name", "") or procedure)
            added = ops.store.add(procedure, chosen, values, known.class_name)
            plan(added, now, ops.zone)  # raises, and so undoes it, for a schedule that cannot be followed
            record(ops, call.peer, "add", added, {}, {"procedure": procedure, "name": chosen, **values})
        return added

    added = await ops.db.run(change)
    tell_and_poke(ops, call.peer, "add", added, f"added {label(added)} for procedure {procedure}")
    return {"task": json_of(ops, added)}


async def remove_task(ops: Operations, call: Call, *, task: str) -> JsonObject:
    now = ops.clock.now()

    def change() -> tuple[Task, Job | None]:
        with ops.store.transaction():
            found = one_task(ops.store, task)
            if found.job_id is not None:
                raise refusal(
                    "TaskRunning",
                    f"{label(found)} runs now, as job {found.job_id}; wait for its end, or kill it first",
                    task=found.name,
                    job=found.job_id,
                )
            waits = found.requested_at is not None
            cancelled = ops.store.cancel_request(found.key, now, call.peer.name) if waits else None
            ops.store.remove(found.key)
            record(ops, call.peer, "remove", found, {"procedure": found.procedure, "name": found.name}, {})
        return found, cancelled

    removed, cancelled = await ops.db.run(change)
    if cancelled is not None:
        ops.request_cancelled(cancelled)
    tell_and_poke(ops, call.peer, "remove", removed, f"removed {label(removed)}")
    return {"task": json_of(ops, removed)}


def _with_defaults(ops: Operations, values: dict[str, object]) -> dict[str, object]:
    """What a row gets that is installed, too: quiet when it runs often, and its calendar anchored today."""
    level = "WARNING" if values.get("every_unit") == "secondly" else "INFO"
    return {"log_level": level, "start_date": ops.clock.now().astimezone(ops.zone).date(), **values}


def parsed(ops: Operations, kind: str, columns: Mapping[str, object]) -> dict[str, object]:
    """Each value as its column holds it, for a task of a kind; in the database thread.

    Raises  BadValue for one that it cannot hold, Refusal for a procedure that such a task cannot run.
    """
    values = ops.store.parsed(kind, columns)
    if "procedure" in values:
        known_procedure(ops.procedures(), str(values["procedure"]), kind)
    queue = values.get("queue")
    if isinstance(queue, str) and queue not in ops.queues:
        cure = near(queue, ops.queues, _queues(ops))
        raise refusal("BadValue", f"queue: the settings have no queue {queue!r}; {cure}", column="queue")
    return values


def _queues(ops: Operations) -> str:
    return f"[queues] has {', '.join(sorted(ops.queues))}" if ops.queues else "add it to [queues] and reload linod"


def record(
    ops: Operations, peer: Peer, action: str, task: Task, before: Mapping[str, object], after: Mapping[str, object]
) -> None:
    """The `Change` row; within the transaction of the change, in the database thread."""
    now = ops.clock.now()
    ops.store.change(
        now, peer.uid, peer.gid, peer.name, action, task.kind, task.id, task.name, _texts(before), _texts(after)
    )


def fields_of(peer: Peer, action: str, kind: str, task_id: int, name: str, procedure: str) -> dict[str, str]:
    """The journal fields of an operator's act on a task."""
    return {
        "LINOD_KIND": kind,
        "LINOD_TASK": name,
        "LINOD_TASK_ID": str(task_id),
        "LINOD_PROCEDURE": procedure,
        "LINOD_ACTION": action,
        "LINOD_UID": str(peer.uid),
        "LINOD_GID": str(peer.gid),
        "LINOD_USER": peer.name,
    }


def tell_of(ops: Operations, peer: Peer, text: str, fields: Mapping[str, str]) -> None:
    """The journal line of an operator's act."""
    ops.audit(f"{peer.name} (uid {peer.uid}, gid {peer.gid}) {text}", fields)


def tell(ops: Operations, peer: Peer, action: str, task: Task, text: str) -> None:
    """The same of an act on a task."""
    tell_of(ops, peer, text, fields_of(peer, action, task.kind, task.id, task.name, task.procedure))


def tell_and_poke(ops: Operations, peer: Peer, action: str, task: Task, text: str) -> None:
    """The same, and the runner looks at the database at once."""
    tell(ops, peer, action, task, text)
    ops.poke()


async def _set(
    ops: Operations, call: Call, reference: str, columns: Mapping[str, object], action: str
) -> tuple[Task, list[str]]:
    """Write columns of one task; returns it as it is now, and the columns that have another value than before."""
    now = ops.clock.now()

    def change() -> tuple[Task, dict[str, object], dict[str, object]]:
        with ops.store.transaction():
            found = one_task(ops.store, reference)
            values = parsed(ops, found.kind, columns)
            old = {name: found.column(name) for name in values}
            new = {name: value for name, value in values.items() if old[name] != value}
            old = {name: old[name] for name in new}
            if not new:
                return found, {}, {}
            if new.keys() & SCHEDULE:  # whatever else an impossible row needs is not refused
                plan(found.with_columns(new), now, ops.zone)
            _, after = ops.store.set_columns(found.key, new)
            record(ops, call.peer, action, after, old, new)
        return after, old, new

    found, old, new = await ops.db.run(change)
    if new:
        tell_and_poke(ops, call.peer, action, found, _words(action, found, old, new))
    if new.keys() & RETENTION:
        ops.trim(found.key)
    return found, list(new)


def _planned(ops: Operations, task: Task) -> Task:
    """The task with the slot that the next turn will plan, for the answer; of an impossible one `status` says why."""
    if task.job_id is None and task.next_due is None:
        with suppress(BadRecurrence):
            return task._replace(next_due=plan(splayed(task, ops.policy), ops.clock.now(), ops.zone))
    return task


def _words(action: str, task: Task, old: Mapping[str, object], new: Mapping[str, object]) -> str:
    if action != "set":
        return f"{action}d {label(task)}"
    changes = ", ".join(f"{name} from {_word(name, old[name])} to {_word(name, new[name])}" for name in new)
    return f"changed {label(task)}: {changes}"


def _word(name: str, value: object) -> str:
    if name not in POLICIES:
        return json.dumps(plain(value))
    return DEFAULT if value is None else policy_text(name, value)


def _texts(values: Mapping[str, object]) -> dict[str, object]:
    return {name: plain(value) for name, value in values.items()}


def json_of(ops: Operations, task: Task) -> JsonObject:
    """A task as a reply has it, after a change."""
    return Problems(ops).json(task, ops.clock.now())
