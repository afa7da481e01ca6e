"""Lanes: tasks of one queue and one priority. Where more is due than can run, each is read along an index of its own,
so that a million tasks of a full queue, or of a low priority, hide none of the others."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from linod.models import Runnable
from linod.store.query import param
from linod.store.tasks import LONG_AGO, OfKinds, Tasks, select_tasks, waiting
from linod.tasks import NOTHING_TO_PLAN, Task
from linod.tuples import NamedTuple

LEAST = -(2**31)
"""Below every priority."""


SOME = """
SELECT EXISTS (SELECT 1 FROM "{table}" WHERE "queue" > '')
    OR EXISTS (SELECT 1 FROM "{table}" WHERE "queue" IS NULL AND "priority" > -2147483648)
"""
"""Whether a task says anything. As text: most sites have no such task, and are asked twice per job of a backlog."""


class Lane(NamedTuple):
    """What the tasks of a lane have in these columns; None: nothing, which is the site's default."""

    queue: str | None = None
    priority: int | None = None


class Lanes(Tasks):
    """Reading tasks by queue and priority."""

    def queues(self) -> list[str | None]:
        """The queues that tasks name, and None for those that name none."""
        found: dict[str | None, None] = {None: None}
        for model in self.kinds.values():
            found |= dict.fromkeys(self._queues(model))
        return list(found)

    def lanes(self) -> list[Lane]:
        """The lanes there may be; that costs what their number does, not what that of the tasks does."""
        found: dict[Lane, None] = {Lane(): None}
        for model in self.kinds.values():
            if not self._rows_of(SOME.format(table=model._meta.table_name))[0][0]:
                continue
            for queue in (None, *self._queues(model)):
                found[Lane(queue)] = None
                last = LEAST
                while rows := self._rows(_next_priority, model, queue is None, queue=queue, last=last):
                    last = rows[0][0]
                    found[Lane(queue, last)] = None
        return list(found)

    def due_in(self, lane: Lane, now: datetime, limit: int, procedures: OfKinds, since: datetime) -> list[Task]:
        """As `due`, of the tasks in one lane."""
        return self._in_lane(_due, lane, procedures, since=since, now=now, limit=limit)[:limit]

    def next_due_in(self, lanes: Sequence[Lane], procedures: OfKinds) -> datetime | None:
        """As `next_due`, of the tasks in these lanes."""
        firsts = [self._in_lane(_due, lane, procedures, since=LONG_AGO, now=LAST, limit=1) for lane in lanes]
        return min((first[0].next_due for first in firsts if first and first[0].next_due is not None), default=None)

    def requested_in(self, queue: str | None, limit: int, procedures: OfKinds) -> list[Task]:
        """As `requested`, of the tasks that name a queue; None: of those that name none."""
        found: list[Task] = []
        for kind in self.kinds:
            if names := frozenset(procedures.get(kind, ())):
                found += self._tasks(kind, _requested, queue is None, names, queue=queue, limit=limit)
        return sorted(found, key=lambda task: (task.requested_at, task.seqno))[:limit]

    def queues_running(self) -> list[str | None]:
        """The queue of each task that has a job."""
        return [row[0] for model in self.kinds.values() for row in self._rows(_running, model)]

    def _queues(self, model: type[Runnable]) -> Iterator[str]:
        last = ""
        while rows := self._rows(_next_queue, model, last=last):
            last = rows[0][0]
            yield last

    def _in_lane(self, build: Any, lane: Lane, procedures: OfKinds, **values: object) -> list[Task]:
        where = lane.queue is None, lane.priority is None
        values |= lane._asdict()
        found: list[Task] = []
        for kind in self.kinds:
            names = procedures.get(kind, ())
            tasks = self._tasks(kind, build, *where, False, **values)
            if any(task.procedure not in names for task in tasks):  # as in `Tasks._of_procedures`
                each = (self._tasks(kind, build, *where, True, procedure=name, **values) for name in names)
                tasks = [task for some in each for task in some]
            found += tasks
        return sorted(found, key=lambda task: (task.next_due, task.seqno))


LAST = NOTHING_TO_PLAN.replace(day=30)
"""After every slot, and before NOTHING_TO_PLAN."""


def _next_queue(model: type[Runnable]) -> Any:
    return model.select(model.queue).where(model.queue > param("last")).order_by(model.queue).limit(1)


def _next_priority(model: type[Runnable], no_queue: bool) -> Any:
    query = model.select(model.priority).where(_queue(model, no_queue), model.priority > param("last"))
    return query.order_by(model.priority).limit(1)


def _queue(model: type[Runnable], none: bool) -> Any:
    return model.queue.is_null() if none else model.queue == param("queue")


def _due(model: type[Runnable], no_queue: bool, no_priority: bool, of_one: bool) -> Any:
    due = model.next_due
    priority = model.priority.is_null() if no_priority else model.priority == param("priority")
    query = waiting(model, of_one).where(_queue(model, no_queue), priority)
    query = query.where(due > param("since", due), due <= param("now", due))
    return query.order_by(due, model.seqno).limit(param("limit"))


def _requested(model: type[Runnable], no_queue: bool, procedures: frozenset[str]) -> Any:
    query = select_tasks(model).where(_queue(model, no_queue), model.job_id.is_null(), model.requested_at > LONG_AGO)
    query = query.where(model.procedure.in_(sorted(procedures)))
    return query.order_by(model.requested_at).limit(param("limit"))


def _running(model: type[Runnable]) -> Any:
    return model.select(model.queue).where(model.job_id > 0)
