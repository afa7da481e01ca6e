"""When tasks will fall due, by the functions that the runner plans with, and what is unusual about it. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from linod.errors import BadValue
from linod.quantities import seconds_text
from linod.recurrence import BadRecurrence, Recurrence, plan
from linod.recurrence.checks import INTERVALS
from linod.recurrence.reasons import reasons, why_no_more
from linod.recurrence.rule import TICK
from linod.recurrence.walltime import MIDNIGHT, instant
from linod.tasks import GRACE, NOTHING_TO_PLAN, Task
from linod.tuples import NamedTuple

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

COUNTED = 1000
"""Slots that are counted one by one for max_events, before the first that is asked for."""

LISTED = 6
"""Slots of an interval that a calendar lists; one that has more is a single line with their number."""


class Slot(NamedTuple):
    """One slot, and what is unusual about it."""

    at: datetime
    reasons: tuple[str, ...] = ()


class Preview(NamedTuple):
    """What is ahead of one task.

    zone   that its times are in.
    notes  about the task: disabled, requested, running.
    slots  in their order.
    total  how many there are; more than there are `slots` where only the first is listed.
    end    why there is none after these; "" when there is, or when nobody asked so far.
    """

    zone: "ZoneInfo"
    notes: tuple[str, ...]
    slots: tuple[Slot, ...]
    total: int
    end: str = ""


class BadMoment(BadValue):
    """A text that tells of no moment."""

    column = "start"


class TooFar(BadRecurrence):
    """max_events cannot be counted up to a moment that is far ahead."""


class Walk:
    """The slots of a task from `start` on: those of its jobs when each ends before the next slot comes.

    now     the moment of asking. A `start` before it asks what a plan made then would have been.
    zone    the site's.
    rule    as it is after the last slot that was given.
    Raises  BadRecurrence for an impossible schedule, here and in each step.
    """

    def __init__(self, task: Task, now: datetime, zone: "ZoneInfo", start: datetime) -> None:
        self.rule = Recurrence.of(task)
        if task.start_date is not None and start < now:  # what is before it was before the first run, too
            start = max(start, min(now, instant(task.start_date, MIDNIGHT, self.rule.zone or zone)))
        self._task, self._zone, self._start = task, zone, start
        self._overdue = start == now  # what fell due comes before all that is ahead
        self._left = None if task.max_events is None else task.max_events - task.events
        self._slot = self._first(min(now, start), planned=start >= now)

    def __iter__(self) -> Iterator[tuple[datetime, Recurrence]]:
        """Each slot, and the rule that gave it: without an anchor for the first run."""
        skipped = 0
        while self._slot is not None and not self.rule.spent:
            slot, rule = self._slot, self.rule
            wanted = slot >= self._start or self._overdue
            if not wanted and self._left is not None and (skipped := skipped + 1) > COUNTED:
                text = f"more than {COUNTED} slots come before that moment; ask for an earlier one"
                raise TooFar("max_events", text)
            after = slot
            if self._overdue:
                after = max(slot, self._start)  # its job starts now: what passed with it is not made up for
            elif not wanted and self._left is None:
                after = max(slot, self._start - TICK)
            self._overdue = False
            self._advance(slot, after)
            if wanted:
                yield slot, rule

    def _first(self, now: datetime, *, planned: bool) -> datetime | None:
        """The slot that the row has or would get; `planned`: its `next_due` counts."""
        task = self._task
        if task.job_id is not None:
            return self.rule.next_after(now, self._zone)
        if planned and task.next_due is not None and not task.disabled:
            if task.next_due == NOTHING_TO_PLAN:
                self.rule.next_after(now, self._zone)  # raises for a schedule that no moment fulfils
                return None
            if task.next_due >= now or self.rule.may_start(now, self._zone):
                return task.next_due
            # Its window has closed: the next turn records it as missed, and plans.
        due = plan(task, now, self._zone)
        return None if due == NOTHING_TO_PLAN else due

    def _advance(self, slot: datetime, after: datetime) -> None:
        """What a claim and the end of its job do to the row, and its next plan."""
        if self.rule.anchor is None:
            self.rule = self.rule.anchored(slot)
        self._slot = self.rule.next_after(after, self._zone)
        if self._left is not None:
            self._left -= 1
            self.rule = self.rule._replace(spent=self._left <= 0)


def preview(task: Task, now: datetime, zone: "ZoneInfo", start: datetime, count: int) -> Preview:
    """The next slots of a task.

    start  the first moment that counts.
    count  how many, at most.
    """
    try:
        walk = Walk(task, now, zone, start)
        found = list(islice(walk, count + 1))
    except BadRecurrence as error:
        end = error.reason if isinstance(error, TooFar) else f"impossible: {error}"
        return Preview(zone, _notes(task), (), 0, end)
    end = "" if len(found) > count else why_no_more(walk.rule, zone, had_slots=bool(found))
    kept = tuple(_slot(task, slot, rule, now, zone) for slot, rule in found[:count])
    return Preview(walk.rule.zone or zone, (*_notes(task), *_shifted(task, walk.rule)), kept, len(kept), end)


def agenda(task: Task, now: datetime, zone: "ZoneInfo", start: datetime, until: datetime) -> Preview:
    """What a task adds to a calendar from `start` up to and without `until`."""
    found: list[tuple[datetime, Recurrence]] = []
    try:
        walk = Walk(task, now, zone, start)
        often = walk.rule.unit in INTERVALS
        for slot, rule in walk:
            if slot >= until or (often and len(found) > LISTED):
                break
            found.append((slot, rule))
    except BadRecurrence as error:
        return Preview(zone, (*_notes(task), f"impossible: {error}"), (), 0)
    count = len(found)
    if often and count > LISTED:
        count += walk.rule.count_slots(found[-1][0], until, zone) - 1
        count = count if task.max_events is None else min(count, task.max_events - task.events)
        del found[1:]
    kept = tuple(_slot(task, slot, rule, now, zone) for slot, rule in found)
    return Preview(walk.rule.zone or zone, _notes(task), kept, count)


def parse_start(text: str, zone: "ZoneInfo") -> datetime:
    """A moment as people write it: RFC 3339, or a local date with or without a time of the day.

    zone    of a moment without one.
    Raises  BadMoment.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = instant(moment.date(), moment.time(), zone)
        if not 1900 <= moment.year < NOTHING_TO_PLAN.year:
            raise ValueError(f"the year {moment.year}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadMoment(
            f"{text!r} is not a moment such as 2026-11-24, '2026-11-24 04:00' (local) or 2026-11-24T03:00:00Z"
        ) from None


def _slot(task: Task, slot: datetime, rule: Recurrence, now: datetime, zone: "ZoneInfo") -> Slot:
    found: tuple[str, ...] = ()
    if rule.anchor is None and rule.unit != "once":
        found = ("waits for its first run",)
    if slot < now - GRACE and slot == task.next_due:
        found += ("fell due, and has not run yet",)
    if rule.anchor is not None or rule.start_time is not None or rule.unit == "once":
        found += reasons(rule.anchored(rule.anchor or slot), slot, zone)
    return Slot(slot, found)


def _shifted(task: Task, rule: Recurrence) -> Iterator[str]:
    if rule.shift and task.splay:
        by = seconds_text(int(rule.shift.total_seconds()))
        yield f"splay {seconds_text(task.splay)}: its slots are {by} later than its schedule says"


def _notes(task: Task) -> tuple[str, ...]:
    found = []
    if task.job_id is not None:
        found.append(f"runs now, as job {task.job_id}: the slots come after its end")
    if task.requested_at is not None:
        found.append(f"requested by {task.requested_by}: runs as soon as possible")
    if task.retried_job is not None:
        found.append(f"tries job {task.retried_job} again, first")
    if task.disabled:
        found.append("disabled: it runs on request only; enabled, it would have these slots")
    return tuple(found)
