"""Running a procedure in this process: signals, logging, and its one outcome."""

import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from linod.host.calling import call, find, run_hooks
from linod.host.outlet import OutletHandler, Take
from linod.host.verdict import JobTerminated, Verdict, of_exception
from linod.jobs import Outcome, State
from linod.request import BaseRequest

ENDING = {
    signal.SIGINT: (State.CANCELLED, "Ctrl-C"),
    signal.SIGTERM: (State.INTERRUPTED, "ended by SIGTERM"),
    signal.SIGHUP: (State.INTERRUPTED, "ended by SIGHUP: its terminal was closed"),
}
"""What a signal makes of the job that it ends."""


class Told:
    """Signals from before the claim until the end is written. They end the procedure, and nothing but that: one that
    comes before it begins is remembered, one that comes when its outcome is known is too late.

    With SIGINT Python's own handler would raise where the ledger is written.
    """

    def __init__(self) -> None:
        self.number: signal.Signals | None = None
        self._running = False
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> "Told":
        if threading.current_thread() is threading.main_thread():  # no other may set handlers
            self._before = {number: signal.signal(number, self._take) for number in ENDING}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal() gave

    @contextmanager
    def running(self) -> Iterator[None]:
        """While the procedure runs."""
        self._running = True
        try:
            if self.number is not None:
                raise self._exception()
            yield
        finally:
            self._running = False

    def _take(self, number: int, frame: FrameType | None) -> None:
        self.number = signal.Signals(number)
        if self._running:
            raise self._exception()

    def _exception(self) -> BaseException:
        return KeyboardInterrupt() if self.number == signal.SIGINT else JobTerminated()


def execute(name: str, ar: BaseRequest, level: int, take: Take, told: Told) -> Outcome:
    """Run a procedure as a job's child does: first what @at_job_start registered.

    name   of the procedure, as it is registered here.
    level  records below it are not made.
    take   takes each record.
    """
    try:
        with _logging(level, take), told.running():
            failed = run_hooks()
            if failed is None:
                call(find(name, ar.task.kind), ar, lambda: None)
    except BaseException as error:  # the one place where a job's exception ends: it becomes the outcome
        return _outcome(error, told)
    return _of_verdict(failed or Verdict(State.SUCCEEDED))


def _outcome(error: BaseException, told: Told) -> Outcome:
    if isinstance(error, (KeyboardInterrupt, JobTerminated)):
        state, message = ENDING[told.number or signal.SIGINT]
        return Outcome(state, message)
    if _quit_debugger(error):
        return Outcome(State.CANCELLED, "its debugger was quit")
    return _of_verdict(of_exception(error))


def _quit_debugger(error: BaseException) -> bool:
    bdb = sys.modules.get("bdb")
    return bdb is not None and isinstance(error, bdb.BdbQuit)


def _of_verdict(verdict: Verdict) -> Outcome:
    return Outcome(verdict.state, verdict.message, verdict.traceback)


@contextmanager
def _logging(level: int, take: Take) -> Iterator[None]:
    """All loggers reach `take`, at this level; afterwards logging is as it was."""
    handler = OutletHandler(_from(level, take))
    root, lino = logging.getLogger(), logging.getLogger("lino")
    before = root.level, lino.level, lino.propagate
    root.setLevel(level)
    lino.setLevel(logging.NOTSET)
    lino.propagate = True
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before[0])
        lino.setLevel(before[1])
        lino.propagate = before[2]


def _from(level: int, take: Take) -> Callable[[float, int, str, str], None]:
    """A logger with a level of its own may be more talkative than the task."""

    def loud(moment: float, number: int, name: str, text: str) -> None:
        if number >= level:
            take(moment, number, name, text)

    return loud
