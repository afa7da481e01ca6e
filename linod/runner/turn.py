"""The database's share of one turn: what ended is written, what is due is claimed. Runs in the database thread."""

import logging
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from datetime import datetime
from functools import partial
from typing import TypedDict

from linod.errors import IllegalTransition, LinodError
from linod.jobs import Job, Outcome
from linod.recurrence import Recurrence, plan
from linod.runner.missed import due_now
from linod.runner.queues import Room, next_due, requested_first, room_of
from linod.runner.replanning import not_run_yet
from linod.runner.site import Site
from linod.schedule import FRESH, claim_order, is_fresh
from linod.store import Store
from linod.tasks import NOTHING_TO_PLAN, Task, splayed
from linod.tuples import NamedTuple

log = logging.getLogger("lino")

PLANNED_AT_ONCE = 100
"""Unplanned tasks that one turn plans, in some 12 ms: an application may insert a million, and each turn claims what is
due as well."""

SHOWN_TOO_EARLY = 20


class Started(NamedTuple):
    """A note for the ledger: the child of a claimed job began to run."""

    job: Job
    pid: int | None
    pid_started: int | None
    at: datetime


class Ended(NamedTuple):
    """A note for the ledger: a job ended. Kept and written again while the database is away."""

    job: Job
    outcome: Outcome
    at: datetime
    log: str
    log_lines: int
    log_dropped: int


Note = Started | Ended


class Turn(NamedTuple):
    """What came of a turn.

    claimed   the jobs to start now, in order.
    next_due  when the next slot of a task that can run falls due, None when there is none.
    more      unplanned tasks are left: turn again at once.
    too_early the next tasks that are not due, at most 20; empty unless asked for.
    impossible tasks whose schedule cannot be followed, with the reason; each appears once per edit.
    late_next late work goes first in the next turn: the last slot that was claimed was fresh work.
    """

    claimed: tuple[tuple[Task, Job], ...] = ()
    next_due: datetime | None = None
    more: bool = False
    too_early: tuple[Task, ...] = ()
    impossible: tuple[tuple[Task, LinodError], ...] = ()
    late_next: bool = True


def write_notes(store: Store, notes: Sequence[Note], site: Site) -> None:
    """Make the arrows that the notes tell of, all in one transaction."""
    if not notes:
        return
    with store.transaction():
        for note in notes:
            try:
                _write(store, note, site)
            except IllegalTransition as error:
                # Written before, when the answer to that commit was lost with the database; else a defect.
                job = store.job(note.job.id)
                if job is None or job.outcome is None:
                    log.error("Job %d: %s", note.job.id, error)


def _write(store: Store, note: Note, site: Site) -> None:
    if isinstance(note, Started):
        store.started(note.job.id, note.pid, note.pid_started, note.at)
        return
    from linod.runner.ends import write_end  # by the first end of a job, which no start waits for

    write_end(store, note, site)


def plan_unplanned(store: Store, now: datetime, site: Site) -> tuple[bool, list[tuple[Task, LinodError]]]:
    """Give each task without a plan its next slot. Returns whether some are left, and the impossible ones."""
    tasks = store.unplanned(PLANNED_AT_ONCE)
    impossible: list[tuple[Task, LinodError]] = []
    if tasks:
        with store.transaction():
            for task in tasks:
                try:
                    due = not_run_yet(store, task, plan(splayed(task, site.policy), now, site.zone), site)
                except LinodError as error:
                    impossible.append((task, error))
                    due = NOTHING_TO_PLAN
                store.plan(task, due)
    return len(tasks) == PLANNED_AT_ONCE, impossible


def claim(store: Store, task: Task, now: datetime, site: Site) -> tuple[Task, Job | None]:
    """Make one job of a task that was requested or fell due; None when the row has changed since it was read.

    A request for a task that is due as well is one job: it covers both.
    Returns  the task as well, with the slot that the claim wrote into the row when it wrote one.
    """
    reason = _reason(store, task, now, site)
    by_request = task.requested_at is not None
    job = store.claim(task, by_request=by_request, now=now, node=site.node, boot_id=site.boot_id, **reason)
    return _left(task, reason), job


def _left(task: Task, reason: "Reason") -> Task:
    due = reason["next_due"]
    return task if due is None or due == NOTHING_TO_PLAN else task._replace(next_due=due)


class Reason(TypedDict):
    """Why a task is claimed, and what the claim leaves: as `Store.claim` takes it."""

    slot: datetime | None
    retried: Job | None
    next_due: datetime | None
    anchor: datetime | None


def _reason(store: Store, task: Task, now: datetime, site: Site) -> Reason:
    slot, retried = _slot(task, now), None
    if task.retried_job is not None and not task.disabled:
        retried = store.job(task.retried_job)
    overlap = task.overlap or site.policy.overlap
    next_due = NOTHING_TO_PLAN if overlap == "skip" else _while_it_runs(task, slot, retried, now, site)
    anchor = None
    if slot is not None and task.anchor is None and (task.splay or site.policy.splay):
        with suppress(LinodError):  # other software wrote this row
            anchor = Recurrence.of(splayed(task, site.policy)).anchored(slot).anchor
    return {"slot": slot, "retried": retried, "next_due": next_due, "anchor": anchor}


def _while_it_runs(
    task: Task, slot: datetime | None, retried: Job | None, now: datetime, site: Site
) -> datetime | None:
    """What `next_due` of a task becomes whose next slot does not just pass while it has a job: that slot."""
    if slot is None and retried is None:
        return None  # requested: it has its next slot already
    try:
        rule = Recurrence.of(splayed(task, site.policy))
        began = slot if slot is not None and retried is None else now
        if rule.anchor is None:
            rule = rule.anchored(began)
        if retried is None and task.max_events is not None and task.events + 1 >= task.max_events:
            return NOTHING_TO_PLAN
        return rule.next_after(began, site.zone) or NOTHING_TO_PLAN
    except LinodError:  # other software wrote this row
        return NOTHING_TO_PLAN


def _slot(task: Task, now: datetime) -> datetime | None:
    """The slot of a task that has fallen due."""
    fell_due = task.next_due is not None and task.next_due <= now and not task.disabled
    return task.next_due if fell_due else None


HandOver = Callable[[Task, Job], None]
"""Hands a claimed job to a child that waits, in the database thread: the way back into the loop would cost its
procedure 0.2 ms. Called after the commit, never before."""


def work(
    store: Store,
    notes: Sequence[Note],
    now: datetime,
    free: int,
    site: Site,
    explain: bool,
    *,
    late_first: bool,
    one_commit: bool,
    hand_over: HandOver | None,
) -> Turn:
    """Write what ended, and take a turn.

    one_commit  for what ended and for what is claimed in its place: under load that is what a job waits for most. Else
                the end is durable before anything is looked for, 0.3 ms earlier.
    """
    with store.transaction() if notes and one_commit else nullcontext():
        write_notes(store, notes, site)
        turn = run_turn(store, now, free, site, explain=explain, late_first=late_first)
    if turn.claimed and hand_over is not None:
        hand_over(*turn.claimed[0])
    return turn


def run_turn(store: Store, now: datetime, free: int, site: Site, *, explain: bool, late_first: bool = True) -> Turn:
    """Plan, and claim for the free job slots.

    now      the moment this turn decides about.
    free     job slots left; 0 when the host is away.
    explain  fill `too_early`.
    late_first  `late_next` of the turn before.
    Raises   DatabaseAway; then nothing of the claims was written.
    """
    more, impossible = plan_unplanned(store, now, site)
    too_early = tuple(store.upcoming(now, SHOWN_TOO_EARLY)) if explain else ()
    wanted: tuple[Task, ...] = ()
    if free:
        room = room_of(store, site)
        requested = requested_first(store, free, site, room)
        late, fresh = _due(store, now, free + len(requested), site, room)
        order = partial(claim_order, fresh_first=not late_first, policy=site.policy, room=room)
        wanted = order(requested, late, free, fresh)
    if not wanted:
        return Turn((), next_due(store, site), more, too_early, tuple(impossible), late_first)
    claimed, following = _claim_all(store, wanted, now, site)
    slots = [job.slot for _, job in claimed if job.slot is not None]
    late_next = is_fresh(slots[-1], now) if slots else late_first
    return Turn(claimed, following, more, too_early, tuple(impossible), late_next)


def _due(store: Store, now: datetime, limit: int, site: Site, room: Room) -> tuple[list[Task], list[Task]]:
    """What is due; and, when more is due than can be claimed, what of it is fresh, wherever that stands."""
    due = due_now(store, now, limit, site, room=room)
    return due, due_now(store, now, limit, site, now - FRESH, room) if len(due) == limit else []


def _claim_all(
    store: Store, wanted: Sequence[Task], now: datetime, site: Site
) -> tuple[tuple[tuple[Task, Job], ...], datetime | None]:
    """Claim in one transaction. Returns what was claimed, and when the next slot falls due."""
    # The last read belongs to the transaction: were it to fail after the commit, nobody would start what was claimed.
    with store.transaction():
        jobs = [claim(store, task, now, site) for task in wanted]
        for task in (task for task, (_, job) in zip(wanted, jobs, strict=True) if job is None):
            _restate(store, task)
        following = next_due(store, site)
    claimed = tuple((task, job) for task, job in jobs if job is not None)
    return claimed, following


def _restate(store: Store, task: Task) -> None:
    """A claim was lost. If nobody has changed the row, other software wrote its moments in another form, without
    microseconds, which equals nothing: then have them as linod writes them, else each turn would lose again."""
    found = store.task(task.key)
    moments = task.next_due, task.requested_at
    if found is not None and found.job_id is None and (found.next_due, found.requested_at) == moments:
        store.restate(found)


def _has_room(store: Store, task: Task, site: Site) -> bool:
    return not site.queues or room_of(store, site).get(task.queue or site.policy.queue, 1) > 0


def request_and_claim(
    store: Store,
    find: Callable[[], Task],
    by: str,
    log_level: str | None,
    now: datetime,
    site: Site | None,
    also: Callable[[Task], None],
    hand_over: HandOver | None,
) -> tuple[Task, Job | None, bool]:
    """Write a request and, when `site` says that a job slot is reserved for it, claim it in the same commit.

    find       gives the task, or raises.
    also       what else belongs to this transaction: the record of who asked.
    hand_over  takes the job.
    Returns    the task as requested, its job when it was claimed, and whether the request is new.
    """
    with store.transaction():
        found = find()
        task, job, new = found, None, False
        if site is not None and found.job_id is None and site.can_run(found) and _has_room(store, found, site):
            if found.requested_at is not None:
                task, job = claim(store, found, now, site)
            else:
                reason = _reason(store, found, now, site)
                task, job = store.claim_request(
                    found,
                    by=by,
                    log_level=log_level,
                    now=now,
                    node=site.node,
                    boot_id=site.boot_id,
                    **reason,
                )
                task, new = _left(task, reason), job is not None
        if job is None:
            task, new = store.request(found.key, by, now, log_level)
        if new:
            also(task)
    if job is not None and hand_over is not None:
        hand_over(task, job)
    return task, job, new
