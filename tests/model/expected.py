"""What the ledger must be, said once more and simply: for each task the moment behind which its slots count.

It shares no code with linod. Every slot of a task is a number of steps from its base. Those up to `floor` are done
with: they had their row, or passed before an edit or during a job. The first one behind it is the next to get a row.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

PUNCTUAL = timedelta(seconds=10)


@dataclass(frozen=True)
class Row:
    """A row of the ledger, as far as it is compared."""

    task: int
    state: str
    slot: datetime | None = None
    slot_last: datetime | None = None
    slot_count: int | None = None
    requested_at: datetime | None = None


@dataclass
class Running:
    """A job that has not ended."""

    task: int
    slot: datetime | None
    requested_at: datetime | None
    claimed: datetime
    began: datetime
    state: str = "claimed"


@dataclass
class Expected:
    """One task. `step` None: it has no slots."""

    id: int
    base: datetime
    step: timedelta | None
    skips: bool
    enabled: bool = True
    floor: datetime | None = None  # None: to be planned, from then on
    request: datetime | None = None
    job: int | None = None

    def after(self, moment: datetime) -> datetime:
        """The first slot behind a moment."""
        assert self.step is not None
        return self.base + ((moment - self.base) // self.step + 1) * self.step

    def last(self, now: datetime) -> datetime:
        """The last slot that has come."""
        assert self.step is not None
        return self.base + (now - self.base) // self.step * self.step

    def due(self, now: datetime) -> datetime | None:
        """The slot that waits for its job, or to be missed."""
        if self.step is None or self.floor is None or not self.enabled or self.job is not None:
            return None
        slot = self.after(self.floor)
        return slot if slot <= now else None


@dataclass
class Ledger:
    """All rows that there must be, and who waits for one."""

    tasks: dict[int, Expected] = field(default_factory=dict)
    rows: dict[int, Row] = field(default_factory=dict)
    running: dict[int, Running] = field(default_factory=dict)
    absent_until: datetime | None = None

    def plan(self, now: datetime) -> None:
        """What a turn does first."""
        for task in self.tasks.values():
            if task.enabled and task.job is None and task.floor is None:
                task.floor = now

    def takes(self, task: Expected, now: datetime) -> tuple[Row | None, datetime | None]:
        """What becomes of a task that is due: the row of what it has missed, and the slot that gets a job."""
        due = task.due(now)
        if due is None or task.step is None:
            return None, None
        absent = self.absent_until is not None and due <= self.absent_until
        if task.request is not None or now - due <= PUNCTUAL or not absent:
            return None, due
        last = task.last(now)
        if task.skips and now - last > PUNCTUAL:
            return self.missed(task, due, last), None
        return (None, due) if last == due else (self.missed(task, due, last - task.step), last)

    @staticmethod
    def missed(task: Expected, first: datetime, last: datetime, state: str = "missed") -> Row:
        assert task.step is not None
        if last == first:
            return Row(task.id, state, first)
        return Row(task.id, state, first, last, (last - first) // task.step + 1)

    def skipped(self, job: int, end: datetime) -> Row | None:
        """The slots that passed while a job ran."""
        was = self.running[job]
        task = self.tasks.get(was.task)
        if task is None or task.job != job or task.step is None or task.floor is None or not task.enabled:
            return None
        first = task.after(was.slot or was.claimed)
        return self.missed(task, first, task.last(end), "skipped") if first <= end else None

    def claimed(
        self, job: int, task: Expected, slot: datetime | None, requested: datetime | None, now: datetime
    ) -> None:
        """A job was made."""
        assert task.job is None, "two jobs at a time"
        task.job, task.request = job, None
        task.floor = max(filter(None, (task.floor, slot)), default=now)
        self.running[job] = Running(task.id, slot, requested, now, now)
        self.rows[job] = Row(task.id, "claimed", slot, requested_at=requested)

    def ended(self, job: int, state: str, end: datetime) -> None:
        """It has ended; its task goes on behind its end."""
        was = self.running.pop(job)
        self.rows[job] = Row(was.task, state, was.slot, requested_at=was.requested_at)
        task = self.tasks.get(was.task)
        if task is not None and task.job == job:
            task.job = None
            if task.floor is not None:
                task.floor = max(was.slot or end, end)
            if state == "failed":
                task.enabled = False

    def overdue(self, now: datetime) -> list[int]:
        """Tasks that wait for a job, or for the row of what they have missed."""
        return [
            task.id for task in self.tasks.values() if task.job is None and (task.request or task.due(now) is not None)
        ]
