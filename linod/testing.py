"""For authors of plugins: run one procedure in a test, without daemon, database and child process."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from linod.errors import near
from linod.host.calling import call
from linod.host.verdict import of_exception
from linod.jobs import Outcome, State
from linod.loglevels import LogLevel
from linod.models import detached
from linod.request import BaseRequest
from linod.tasks import SYSTEM_TASK, Task
from linod.tuples import NamedTuple


class Ran(NamedTuple):
    """What a procedure did.

    outcome   as the ledger would have it: succeeded, warned or failed.
    log       each record as "LEVEL text", in order, whatever logger it was given to.
    progress  what was passed to `ar.progress`, in order, as (done, total).
    """

    outcome: Outcome
    log: tuple[str, ...]
    progress: tuple[tuple[int, int], ...]

    @property
    def message(self) -> str:
        """One line about the outcome: what a `Warning` or an exception says; "" when it succeeded."""
        return self.outcome.message


def run_procedure(
    procedure: Callable[[BaseRequest], object],
    *,
    log_level: LogLevel | str = LogLevel.INFO,
    job: Mapping[str, Any] | None = None,
    user: Mapping[str, Any] | None = None,
    request_user: Mapping[str, Any] | None = None,
    check: bool = True,
    **columns: object,
) -> Ran:
    """Run a procedure in this process.

    procedure  the decorated function: the decorators of linod return it as it was. `async def` is run to its end.
    log_level  the task's level, or its name: records below it are not made.
    columns    of `ar.task`, that the procedure reads: every=3, start_time="04:00"; the others have their defaults.
    job, user, request_user
               what the procedure reads from `ar.job`, `ar.user` and `ar.request_user`.
    check      True: an exception is the test's to see. False: it becomes the outcome "failed", as in a job.
               A raised `Warning` is an outcome in both cases.
    Raises     TypeError for a column that tasks do not have; KeyError for an unknown logging level.
    """
    level = LogLevel[log_level] if isinstance(log_level, str) else log_level
    for column in columns:
        if column not in Task._fields:
            raise TypeError(f"a task has no column {column!r}; {near(column, Task._fields, 'linod-ctl(1) lists them')}")
    name = getattr(procedure, "__name__", "procedure")
    row = {"id": 1, "seqno": 1, "name": name, "procedure": name, "log_level": level.name}
    steps: list[tuple[int, int]] = []
    with _captured(level) as log:
        request = BaseRequest(
            task=detached(SYSTEM_TASK, row | columns),
            job={"id": 1, "attempt": 1, "slot": None} | dict(job or {}),
            user=user,
            request_user=request_user,
            progress=lambda done, total: steps.append((done, total)),
        )
        outcome = _outcome(procedure, request, check)
    return Ran(outcome, tuple(log), tuple(steps))


def _outcome(procedure: Callable[[BaseRequest], object], request: BaseRequest, check: bool) -> Outcome:
    try:
        call(procedure, request, lambda: None)
    except Exception as error:
        if check and not isinstance(error, Warning):
            raise
        verdict = of_exception(error)
        return Outcome(verdict.state, verdict.message, verdict.traceback)
    return Outcome(State.SUCCEEDED)


@contextmanager
def _captured(level: LogLevel) -> Iterator[list[str]]:
    """Collect the records of all loggers, at this level, as a job's child does; then put logging back as it was."""
    log: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: log.append(f"{record.levelname} {record.getMessage()}")  # type: ignore[method-assign]
    root, lino = logging.getLogger(), logging.getLogger("lino")
    before = root.level, lino.level, lino.propagate
    root.setLevel(level.value)
    lino.setLevel(logging.NOTSET)
    lino.propagate = True
    root.addHandler(handler)
    try:
        yield log
    finally:
        root.removeHandler(handler)
        root.setLevel(before[0])
        lino.setLevel(before[1])
        lino.propagate = before[2]
