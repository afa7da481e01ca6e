"""Random lives of a site, against the real store: every slot and every request has its one row, and nothing else."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from linod.jobs import Job, Outcome, State
from linod.journal import Journal
from linod.runner.settling import settle
from linod.runner.site import Absence, Site
from linod.runner.timekeeper import Timekeeper
from linod.runner.turn import Ended, Started, request_and_claim, run_turn, write_notes
from linod.store import Store
from linod.tasks import SYSTEM_TASK, Task, TaskKey
from tests.model.expected import Expected, Ledger, Row
from tests.runner.crank import FakeClock, Lines

UTC_ZONE = ZoneInfo("UTC")
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
MAX_JOBS = 2
TICK = timedelta(milliseconds=1)

SCHEDULES: dict[str, tuple[dict[str, object], datetime, timedelta | None]] = {
    "never": ({"every_unit": "never"}, NEW_YEAR, None),
    "minutes": ({"every_unit": "minutely", "every": 7, "start_time": "00:00"}, NEW_YEAR, timedelta(minutes=7)),
    "hours": ({"every_unit": "hourly", "every": 2, "start_time": "00:00"}, NEW_YEAR, timedelta(hours=2)),
    "days": ({"every_unit": "daily", "every": 1, "start_time": "04:00"}, NEW_YEAR.replace(hour=4), timedelta(days=1)),
}

spans = st.one_of(
    st.timedeltas(timedelta(seconds=1), timedelta(minutes=20)), st.timedeltas(timedelta(hours=1), timedelta(days=4))
)


class Life(RuleBasedStateMachine):
    """One site: what operators, time and accidents do to it."""

    tasks = Bundle("tasks")
    jobs = Bundle("jobs")

    @initialize()
    def begin(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.store = Store(f"sqlite:///{Path(self.directory.name) / 'linod.sqlite'}")
        self.store.open()
        self.clock = FakeClock()
        self.model = Ledger()
        self.lines = Journal(Lines())
        self.start()

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.lines.close()
            self.directory.cleanup()

    def start(self) -> None:
        """A daemon begins to serve the site."""
        self.model.absent_until = self.clock.now()
        absence = Absence(self.clock.now(), "linod was down")
        self.site = Site("node", "boot", UTC_ZONE, {SYSTEM_TASK: frozenset({"p"})}, absence)
        self.keeper = Timekeeper(self.store, self.lines, self.clock)
        self.site = self.keeper.resume(self.site)

    # operators

    @rule(target=tasks, schedule=st.sampled_from(list(SCHEDULES)), missed=st.sampled_from([None, "once", "skip"]))
    def add(self, schedule: str, missed: str | None) -> int:
        columns, base, step = SCHEDULES[schedule]
        task = self.store.add("p", "", {**columns, "start_date": "2026-01-01", "missed": missed})
        self.model.tasks[task.id] = Expected(task.id, base, step, missed == "skip")
        return task.id

    @rule(task=tasks, schedule=st.sampled_from(list(SCHEDULES)))
    def edit(self, task: int, schedule: str) -> None:
        if (known := self.model.tasks.get(task)) is None:
            return
        columns, base, step = SCHEDULES[schedule]
        before, after = self.store.set_columns(key(task), columns)
        if after != before:
            known.base, known.step, known.floor = base, step, None

    @rule(task=tasks, enabled=st.booleans())
    def switch(self, task: int, enabled: bool) -> None:
        if (known := self.model.tasks.get(task)) is None:
            return
        self.store.set_columns(key(task), {"disabled": not enabled})
        if known.enabled != enabled:
            known.enabled, known.floor = enabled, None

    @rule(task=tasks)
    def request(self, task: int) -> None:
        """One that waits for the next turn."""
        if (known := self.model.tasks.get(task)) is not None:
            _, new = self.store.request(key(task), "robin", self.clock.now())
            assert new == (known.request is None)
            known.request = known.request or self.clock.now()
            self.clock.at += TICK  # nobody asks twice at one moment

    @rule(target=jobs, task=tasks)
    def run_now(self, task: int) -> object:
        """A request that is claimed at once, if a job slot is free."""
        known = self.model.tasks.get(task)
        if known is None or len(self.model.running) >= MAX_JOBS or known.job is not None:
            return multiple()
        now, slot = self.clock.now(), known.due(self.clock.now())
        _, job, new = request_and_claim(
            self.store, lambda: self.task(task), "robin", None, now, self.site, lambda task: None, None
        )
        assert job is not None and new == (known.request is None)
        assert (job.slot, job.requested_at) == (slot, known.request or now)
        self.model.claimed(job.id, known, slot, known.request or now, now)
        self.clock.at += TICK
        return job.id

    @rule(task=tasks)
    def cancel(self, task: int) -> None:
        if (known := self.model.tasks.get(task)) is not None:
            row = self.store.cancel_request(key(task), self.clock.now(), "robin")
            assert (row is None) == (known.request is None)
            if row is not None:
                self.model.rows[row.id] = Row(task, "cancelled", requested_at=known.request)
                known.request = None

    @rule(task=consumes(tasks))
    def remove(self, task: int) -> None:
        assert self.store.remove(key(task)) == (self.model.tasks.pop(task, None) is not None)

    # time, and the daemon

    @rule(span=spans)
    def wait(self, span: timedelta) -> None:
        self.clock.at += span

    @rule(span=st.timedeltas(timedelta(seconds=3), timedelta(days=4)), sleeps=st.booleans())
    def jump(self, span: timedelta, sleeps: bool) -> None:
        """The clock is set forward, or the machine sleeps, and the daemon notices with its next turn."""
        if sleeps:
            self.clock.sleep(seconds=span.total_seconds())
        else:
            self.clock.set(self.clock.at + span)
        self.look()

    def look(self) -> None:
        site = self.keeper.look(self.site)
        while self.keeper.busy:
            self.keeper.work((), site)
        if site is not self.site:
            self.model.absent_until = self.clock.now()
        self.site = site

    @rule(target=jobs)
    def turn(self) -> object:
        """The daemon turns until it would sleep."""
        made: list[int] = []
        self.look()
        while more := self.one_turn():
            made += more
        if len(self.model.running) < MAX_JOBS:
            assert self.model.overdue(self.clock.now()) == [], "something waits, and a job slot is free"
        return multiple(*(job for job in made if job in self.model.running))

    def one_turn(self) -> list[int]:
        """Returns the rows that it has made."""
        now, before = self.clock.now(), max(self.model.rows, default=0)
        turn = run_turn(self.store, now, MAX_JOBS - len(self.model.running), self.site, explain=False)
        assert turn.impossible == ()
        self.model.plan(now)
        new = [job for job in reversed(self.store.jobs(limit=100)) if job.id > before]
        for job in new:
            known = self.model.tasks[job.task_id]
            missed, slot = self.model.takes(known, now)
            if job.state is State.MISSED:
                assert missed is not None
                self.model.rows[job.id] = missed
                known.floor = missed.slot_last or missed.slot
            else:
                assert missed is None and job.id in {claimed.id for _, claimed in turn.claimed}
                assert (job.slot, job.requested_at) == (slot, known.request)
                assert slot is not None or known.request is not None
                self.model.claimed(job.id, known, slot, known.request, now)
        return [job.id for job in new]

    @rule(job=jobs)
    def note_start(self, job: int) -> None:
        if job in self.model.running and self.model.running[job].state == "claimed":
            self.write(Started(self.job(job), 4711, 1, self.clock.now()))
            running = self.model.running[job]
            running.state, running.began = "running", self.clock.now()
            self.model.rows[job] = Row(running.task, "running", running.slot, requested_at=running.requested_at)

    @rule(job=consumes(jobs), state=st.sampled_from(["succeeded", "succeeded", "warned", "failed", "interrupted"]))
    def end(self, job: int, state: str) -> None:
        if job in self.model.running:
            self.note_start(job)
            ended = Ended(self.job(job), Outcome(State(state)), self.clock.now(), "", 0, 0)
            skipped, before = self.model.skipped(job, self.clock.now()), max(self.model.rows)
            self.write(ended)
            self.write(ended)  # the answer to the commit was lost: it changes nothing
            self.model.ended(job, state, self.clock.now())
            if skipped is not None:
                [row] = [row.id for row in self.store.jobs(limit=1) if row.id > before]
                self.model.rows[row] = skipped

    @rule(down=spans)
    def kill(self, down: timedelta) -> None:
        """kill -9 of everything; some time later there is another daemon."""
        self.clock.at += down
        settled = settle(self.store, self.clock.now(), UTC_ZONE)
        assert sorted(job.id for job in settled) == sorted(self.model.running)
        for job, running in list(self.model.running.items()):
            self.model.ended(job, "interrupted", running.began)
        self.start()

    # what must be true always

    @invariant()
    def every_occurrence_has_its_row(self) -> None:
        if not hasattr(self, "model"):
            return
        found = {
            job.id: Row(job.task_id, job.state.value, job.slot, job.slot_last, job.slot_count, job.requested_at)
            for job in self.store.jobs(limit=100_000)
        }
        assert found == self.model.rows
        requests = [(row.task, row.requested_at) for row in found.values() if row.requested_at is not None]
        assert len(requests) == len(set(requests))

    # shorthands

    def task(self, number: int) -> Task:
        found = self.store.task(key(number))
        assert found is not None
        return found

    def job(self, number: int) -> Job:
        found = self.store.job(number)
        assert found is not None
        return found

    def write(self, note: Started | Ended) -> None:
        write_notes(self.store, [note], self.site)


def key(task: int) -> TaskKey:
    return TaskKey(SYSTEM_TASK, task)


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to look for a shorter example takes minutes
)
