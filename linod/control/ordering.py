"""The methods that order the list of tasks: move one, and put a copy of one behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from linod.control.call import Call
from linod.control.changing import json_of, parsed, record, tell_and_poke
from linod.control.finding import one_task
from linod.control.values import JsonObject
from linod.recurrence import plan
from linod.tasks import Task, label

if TYPE_CHECKING:
    from linod.control.operations import Operations


async def move_task(ops: Operations, call: Call, *, task: str, by: int) -> JsonObject:
    def change() -> tuple[int, Task]:
        with ops.store.transaction():
            before, moved = ops.store.move(one_task(ops.store, task).key, by)
            if before != moved.seqno:
                record(ops, call.peer, "move", moved, {"seqno": before}, {"seqno": moved.seqno})
        return before, moved

    before, moved = await ops.db.run(change)
    changed = before != moved.seqno
    if changed:
        tell_and_poke(ops, call.peer, "move", moved, f"moved {label(moved)} from {before} to {moved.seqno}")
    return {"task": json_of(ops, moved), "changed": changed}


async def duplicate_task(
    ops: Operations, call: Call, *, task: str, name: str = "", columns: Mapping[str, object] | None = None
) -> JsonObject:
    given = {**(columns or {}), **({"name": name} if name else {})}
    now = ops.clock.now()

    def change() -> tuple[Task, Task]:
        with ops.store.transaction():
            original = one_task(ops.store, task)
            values = parsed(ops, original.kind, given)
            copy = ops.store.duplicate(original.key, values)
            if values:
                plan(copy, now, ops.zone)  # raises, and so undoes it, for a schedule that cannot be followed
            record(ops, call.peer, "duplicate", copy, {}, {"original": original.id, "name": copy.name, **values})
        return original, copy

    original, copy = await ops.db.run(change)
    tell_and_poke(ops, call.peer, "duplicate", copy, f"added {label(copy)}, a copy of {label(original)}")
    return {"task": json_of(ops, copy)}
