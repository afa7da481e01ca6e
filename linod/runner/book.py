"""The jobs that run now: their log tails, their progress, and who follows them. Lives in the loop."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import datetime

from linod.host.client import HostClient
from linod.jobs import Job
from linod.journal import Tail
from linod.tasks import Task, TaskKey

FOLLOWED = 1000
"""Events a follower may lag behind before it misses some: a caller that never reads must not grow the daemon."""

Event = Mapping[str, object]


class Follower:
    """One caller that listens: a bounded queue of events.

    wants   which jobs it follows.
    once    the first `ended` is its last event.
    closed  called when nobody listens any more.
    """

    def __init__(self, wants: Callable[[Job], bool], once: bool, closed: Callable[["Follower"], None]) -> None:
        self.wants = wants
        self._once = once
        self._closed = closed
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._missed = 0

    def tell(self, event: Event) -> None:
        """Hand on an event; records past FOLLOWED waiting events are counted instead."""
        ended = event["event"] == "ended"
        if self._events.qsize() >= FOLLOWED and not ended:
            self._missed += 1
            return
        if self._missed:
            self._events.put_nowait({"event": "missed", "count": self._missed})
            self._missed = 0
        self._events.put_nowait(event)
        if ended and self._once:
            self.close()

    async def events(self) -> AsyncIterator[Event]:
        """Each event as it comes."""
        while True:
            event = await self._events.get()
            yield event
            if event["event"] == "ended" and self._once:
                return

    def close(self) -> None:
        """Nobody listens any more, or there is nothing more to tell."""
        self._closed(self)


class Running:
    """A job from its claim to the note of its end.

    began     monotonic seconds at the claim.
    host      runs it.
    progress  done and total, as the procedure told.
    again_at  monotonic seconds from which on its order may be handed over again; None while a process has it.
    deaths    of processes that had not read it.
    over      its procedure is over: it needs no job slot any more.
    timer     rings when its time is up; None when its task has no timeout.
    replaced_at  when the next slot of its task replaces it; None: it does not.
    """

    def __init__(self, task: Task, job: Job, tail: Tail, began: float, host: HostClient) -> None:
        self.task = task
        self.host = host
        self.job = job
        self.tail = tail
        self.began = began
        self.progress: tuple[int, int] | None = None
        self.again_at: float | None = None
        self.deaths = 0
        self.over = False
        self.timer: asyncio.TimerHandle | None = None
        self.replaced_at: datetime | None = None

    def forget_time(self) -> None:
        """It has no process whose time could be up."""
        if self.timer is not None:
            self.timer.cancel()

    @property
    def log(self) -> str:
        """What it has logged so far, the last lines of it."""
        return self.tail.text()


class Book:
    """All running jobs, and all followers."""

    def __init__(self) -> None:
        self.jobs: dict[int, Running] = {}
        self._followers: list[Follower] = []

    def replaced_at(self) -> datetime | None:
        """When the next job is replaced by the next slot of its task."""
        return min((one.replaced_at for one in self.jobs.values() if one.replaced_at is not None), default=None)

    def open(self, running: Running) -> None:
        """A job was claimed."""
        self.jobs[running.job.id] = running
        self.tell(running, {"event": "claimed", "job": running.job.id})

    def tell(self, running: Running, event: Event) -> None:
        """Tell an event of a job to all who follow it."""
        for follower in list(self._followers):  # a copy: the last event of a follower takes it from the list
            if follower.wants(running.job):
                follower.tell(event)

    def follow_job(self, job_id: int) -> Follower | None:
        """Follow a running job from now on; None when it does not run."""
        return self._follow(lambda job: job.id == job_id, once=True) if job_id in self.jobs else None

    def follow_request(self, key: TaskKey, requested_at: datetime) -> Follower:
        """Follow what becomes of a request: its claim and its job."""

        def wants(job: Job) -> bool:
            return TaskKey(job.kind, job.task_id) == key and job.requested_at == requested_at

        follower = self._follow(wants, once=True)
        for running in self._matching(wants):
            follower.tell({"event": "claimed", "job": running.job.id})
        return follower

    def follow_task(self, key: TaskKey | None) -> Follower:
        """Follow all jobs of a task, or of all tasks, until closed."""
        return self._follow(lambda job: key is None or TaskKey(job.kind, job.task_id) == key, once=False)

    def tell_end(self, job: Job) -> None:
        """A request became a row of the ledger without any execution: whoever waits for it hears that as the end."""
        ended = {"event": "ended", "job": job.id, "state": job.state.value, "message": job.message}
        for follower in list(self._followers):
            if follower.wants(job):
                follower.tell(ended)

    def _matching(self, wants: Callable[[Job], bool]) -> Iterator[Running]:
        return (running for running in self.jobs.values() if wants(running.job))

    def _follow(self, wants: Callable[[Job], bool], once: bool) -> Follower:
        follower = Follower(wants, once, self._unfollow)
        self._followers.append(follower)
        return follower

    def _unfollow(self, follower: Follower) -> None:
        if follower in self._followers:
            self._followers.remove(follower)
