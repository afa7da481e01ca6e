"""The task that a caller means, or why none is; and what keeps a task from running."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

from linod.control.interface import Refusal, refusal
from linod.control.values import JsonObject, task_json
from linod.jobs import Job
from linod.policies import LINODS
from linod.procedures import Procedure
from linod.tasks import SYSTEM_TASK, Task, TaskKey, label

if TYPE_CHECKING:
    from linod.control.operations import Ledger, Operations

FITTING = 20
"""Tasks that the store finds for one name, at most."""

GONE = "its plugin is gone"
"""Of a kind that a plugin has once brought, and none does now: its tasks are kept."""

NAMES = 1000
"""Names that are looked at for near ones."""


def one_task(store: Ledger, reference: str) -> Task:
    """The one task that `reference` means: a name, a procedure, an id, `#number`, `kind#number` or `kind:id`.

    Runs in the database thread. Raises Refusal: NoSuchTask with up to three near names, AmbiguousTask with those that
    the store finds: a million may have one name.
    """
    found = store.find(reference)
    if len(found) == 1:
        return found[0]
    if not found:
        near = get_close_matches(reference, store.names(NAMES), n=3)
        raise refusal("NoSuchTask", f"there is no task {reference!r}{did_you_mean(near)}", task=reference, near=near)
    many = f"{len(found)} tasks" + (" or more" if len(found) >= FITTING else "")
    fitting = [f"{task.kind}:{task.id}" for task in found]
    listed = ", ".join(f"{reference} for {label(task)}" for reference, task in zip(fitting, found, strict=True))
    raise refusal(
        "AmbiguousTask",
        f"{many} have the name {reference!r}; say which: {listed}",
        task=reference,
        tasks=fitting,
    )


def known_procedure(procedures: Sequence[Procedure] | None, name: str, kind: str = "") -> Procedure:
    """The procedure of this name, when a task can run it; raises Refusal.

    kind  of the task; "": that of the procedure.
    """
    if procedures is None:
        raise refusal("HostAway", "the plugins are not loaded yet, so their procedures are not known; try again")
    for procedure in procedures:
        if procedure.name == name:
            if procedure.problem:
                raise refusal("BadValue", f"procedure {name!r} cannot run: {procedure.problem}", column="procedure")
            if kind and kind != procedure.class_name:
                what = f"procedure {name!r} is for tasks of {procedure.class_name}, and not of {kind}"
                raise refusal("BadValue", what, column="procedure")
            return procedure
    near = get_close_matches(name, [procedure.name for procedure in procedures], n=3)
    raise refusal(
        "NoSuchProcedure",
        f"no plugin has a procedure {name!r}{did_you_mean(near)}",
        procedure=name,
        near=near,
    )


class Problems:
    """Why tasks cannot run, asked for many tasks."""

    def __init__(self, ops: Operations) -> None:
        self._zone = ops.zone
        self._retries = int(str(ops.defaults.get("retries", LINODS.retries)))
        self._full = len(ops.running()) >= ops.report().max_jobs
        self._default_queue = str(ops.defaults.get("queue", LINODS.queue))
        used = Counter(running.task.queue or self._default_queue for running in ops.running())
        self._full_queues = {name for name, most in ops.queues.items() if used[name] >= most}
        procedures, kinds = ops.procedures(), ops.kinds()
        self._known: Mapping[str, Procedure] | None = None
        if procedures is not None:
            self._known = {procedure.name: procedure for procedure in procedures}
        self._kinds = {SYSTEM_TASK: "", **{kind.name: kind.problem for kind in kinds or ()}}

    def of(self, task: Task) -> str | None:
        """One sentence, None when the task can run or nobody knows yet."""
        return self.of_procedure(task.kind, task.procedure)

    def of_procedure(self, kind: str, name: str) -> str | None:
        """The same for all tasks of a kind that name a procedure."""
        if self._known is None:
            return None
        if self._kinds.get(kind, GONE):
            return self._kinds.get(kind, GONE)
        if name not in self._known:
            return "its procedure is gone"
        procedure = self._known[name]
        if procedure.class_name != kind and not procedure.problem:
            return f"its procedure is for tasks of {procedure.class_name}"
        return procedure.problem or None

    def _is_full(self, task: Task) -> bool:
        return self._full or (task.queue or self._default_queue) in self._full_queues

    def json(self, task: Task, now: datetime, *, in_list: bool = False) -> JsonObject:
        """A task as a reply has it."""
        return task_json(
            task, now, self._zone, self.of(task), full=self._is_full(task), retries=self._retries, in_list=in_list
        )


def one_key(store: Ledger, reference: str) -> TaskKey:
    """The same for what a task has left: one that was removed is known by its last name, or as `kind:id`."""
    try:
        return one_task(store, reference).key
    except Refusal as refused:
        if not refused.name.endswith(".NoSuchTask"):
            raise
        form = re.fullmatch(r"(\w+\.\w+):([0-9]{1,18})", reference)
        key = TaskKey(form[1], int(form[2])) if form else store.removed(reference)
        if key is not None and (store.jobs(key=key, limit=1) or store.changes(key=key, limit=1)):
            return key
        raise


def one_job(store: Ledger, job_id: int) -> Job:
    """The job of this id; raises Refusal. Runs in the database thread."""
    job = store.job(job_id)
    if job is not None:
        return job
    last = store.last_job_id()
    if last is None:
        why = "no job has run yet"
    elif 0 < job_id <= last:
        why = "old ones leave it, as keep_days and keep_jobs say"
    else:
        why = f"the last one is {last}"
    raise refusal("NoSuchJob", f"the ledger has no job {job_id}; {why}", job=job_id, last=last)


def did_you_mean(near: Sequence[str]) -> str:
    """The end of a refusal that has near names."""
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
