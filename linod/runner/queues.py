"""What is due first: by priority, and of no queue more than it has room for. Runs in the database thread."""

from collections.abc import Mapping
from datetime import datetime

from linod.runner.site import Site
from linod.schedule import with_room
from linod.store import Store
from linod.store.lanes import Lane
from linod.tasks import Task

Room = Mapping[str, int]
"""How many more jobs of a queue may run; of one that is not there as many as there are job slots."""


def room_of(store: Store, site: Site) -> dict[str, int]:
    """The room that each queue of the settings has now, by the rows."""
    room = dict(site.queues)
    if room:
        for name in store.queues_running():
            queue = name or site.policy.queue
            if queue in room:
                room[queue] -= 1
    return room


def requested_first(store: Store, limit: int, site: Site, room: Room) -> list[Task]:
    """Requests that can be claimed, the oldest first; those for full queues hide no others."""
    if not room:
        return store.requested(limit, site.procedures)
    found: list[Task] = []
    for queue in store.queues():
        left = min(limit, room.get(queue or site.policy.queue, limit))
        found += store.requested_in(queue, left, site.procedures) if left > 0 else []
    return sorted(found, key=lambda task: (task.requested_at, task.seqno))[:limit]


def due_first(store: Store, now: datetime, limit: int, site: Site, since: datetime, room: Room) -> list[Task]:
    """Tasks that are due: those of a higher priority first, then by slot and number."""
    found = store.due(now, limit, site.procedures, since)
    if len(found) < limit:  # that is all
        return with_room(found, limit, site.policy, room)
    lanes = store.lanes()
    if lanes == [Lane()]:
        return with_room(found, limit, site.policy, room)
    found = []
    for lane in sorted(lanes, key=lambda lane: -_priority(lane, site)):
        left = min(limit, room.get(_queue(lane, site), limit))
        if left > 0:
            if found and _priority(lane, site) < _priority_of(found[-1], site):
                chosen = with_room(found, limit, site.policy, room)
                if len(chosen) >= limit:
                    return chosen
            found += store.due_in(lane, now, left, site.procedures, since)
    return with_room(found, limit, site.policy, room)


def next_due(store: Store, site: Site) -> datetime | None:
    """When the next slot falls due that can be claimed: none in a full queue, where only the end of a job helps."""
    room = room_of(store, site)
    if not any(left <= 0 for left in room.values()):
        return store.next_due(site.procedures)
    lanes = [lane for lane in store.lanes() if room.get(_queue(lane, site), 1) > 0]
    return store.next_due_in(lanes, site.procedures)


def _queue(lane: Lane, site: Site) -> str:
    return lane.queue or site.policy.queue


def _priority(lane: Lane, site: Site) -> int:
    return site.policy.priority if lane.priority is None else lane.priority


def _priority_of(task: Task, site: Site) -> int:
    return site.policy.priority if task.priority is None else task.priority
