"""A job as a plain value, and the arrows between its states. Pure."""

from datetime import datetime
from enum import StrEnum

from linod.tuples import NamedTuple


class State(StrEnum):
    """Where a job is. All but the first two are outcomes: the job has ended, and its row changes no more."""

    CLAIMED = "claimed"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    WARNED = "warned"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    MISSED = "missed"
    SKIPPED = "skipped"


UNFINISHED = (State.CLAIMED, State.RUNNING)
EXECUTED = frozenset({State.SUCCEEDED, State.WARNED, State.FAILED, State.TIMED_OUT, State.OUT_OF_MEMORY})
OUTCOMES = frozenset(State) - frozenset(UNFINISHED)
DISABLING = frozenset({State.FAILED, State.TIMED_OUT, State.OUT_OF_MEMORY})
"""Outcomes that disable the task: Lino's rule, DESIGN "Failure"."""

EXIT_CODES: dict[str, int] = {
    State.SUCCEEDED: 0,
    State.WARNED: 0,
    State.FAILED: 10,
    State.TIMED_OUT: 11,
    State.OUT_OF_MEMORY: 12,
    State.CANCELLED: 13,
    State.INTERRUPTED: 14,
    State.SKIPPED: 15,
    State.MISSED: 15,
}
"""What a command ends with that waits for a job: `linod-ctl run-now --wait`, `linod run`."""

# From running to running: the process that was to run it has not even read its order, and another one has it now.
ARROWS: dict[State, frozenset[State]] = {
    State.CLAIMED: frozenset({State.RUNNING, State.FAILED, State.CANCELLED, State.INTERRUPTED}),
    State.RUNNING: EXECUTED | {State.CANCELLED, State.INTERRUPTED, State.RUNNING},
}


class Usage(NamedTuple):
    """What a job has used, with all that it started; None where nobody could count it. Fields are columns of `Job`.

    cpu_seconds    of all processors together.
    memory_peak    bytes: the most that it had at once.
    bytes_read, bytes_written  from and to disks.
    processes      the most that there were at once, threads counted too.
    """

    cpu_seconds: float | None = None
    memory_peak: int | None = None
    bytes_read: int | None = None
    bytes_written: int | None = None
    processes: int | None = None


class Outcome(NamedTuple):
    """How a job ended.

    state        one of OUTCOMES.
    message      one line for people: "ValueError: bad voucher 17", "killed by signal SIGKILL".
    traceback    the whole traceback, or "".
    exit_code    what the process passed to exit, None when a signal ended it or no process was started.
    exit_signal  number of the signal that ended the process, else None.
    usage        what it has used.
    """

    state: State
    message: str = ""
    traceback: str = ""
    exit_code: int | None = None
    exit_signal: int | None = None
    usage: Usage = Usage()


class Ending(NamedTuple):
    """What came of the wish to end a job.

    reason  the cause in force, in words: the first one stands.
    new     it is this wish; False when the job was told to end before.
    """

    reason: str
    new: bool


class Job(NamedTuple):
    """One row of the ledger. Fields are named as the columns; moments are aware, in UTC."""

    id: int
    kind: str
    task_id: int
    task_name: str
    procedure: str
    state: State
    slot: datetime | None
    slot_last: datetime | None
    slot_count: int | None
    requested_at: datetime | None
    requested_by: str | None
    attempt: int
    log_level: str
    node: str
    boot_id: str
    claimed_at: datetime
    pid: int | None = None
    pid_started: int | None = None  # field 22 of /proc/PID/stat, clock ticks since boot: a pid alone is reused
    started_at: datetime | None = None
    ended_at: datetime | None = None
    message: str = ""
    traceback: str = ""
    exit_code: int | None = None
    exit_signal: int | None = None
    log: str = ""  # the last lines, each "TIME LEVEL text"
    log_lines: int = 0
    log_dropped: int = 0
    cpu_seconds: float | None = None  # what all its processes used; None when nothing could measure it
    memory_peak: int | None = None  # bytes that they had together at most
    bytes_read: int | None = None  # from block devices
    bytes_written: int | None = None
    processes: int | None = None  # how many there were at once, threads included, at most

    @property
    def outcome(self) -> State | None:
        """The outcome, None while the job is unfinished."""
        return None if self.state in UNFINISHED else self.state


class Attempt(NamedTuple):
    """One of the jobs for one slot or request."""

    id: int
    attempt: int
    state: State
