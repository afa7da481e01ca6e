"""From what is known of an ended job to its one outcome, in words that are true. Pure."""

import signal
from typing import NamedTuple

from linod.host.intake import Report
from linod.host.protocol import EXIT_FAILED, EXIT_SUCCEEDED, EXIT_WARNED
from linod.jobs import Outcome, State

UNREPORTED = {EXIT_SUCCEEDED: State.SUCCEEDED, EXIT_WARNED: State.WARNED, EXIT_FAILED: State.FAILED}


class Exit(NamedTuple):
    """How a process ended: one of the two is set; neither when nobody could see it."""

    code: int | None = None
    signal: int | None = None


class Told(NamedTuple):
    """A job was told to end: with this state, for this reason."""

    state: State
    reason: str


def outcome_of(exit: Exit, report: Report | None, told: Told | None, lost: str) -> Outcome:
    """Decide.

    report  what the child said, None when it said nothing.
    told    who was told to end ends so; unless it reports an outcome that it had before the signal reached it.
    lost    why the host could not see the end, "" when it could.
    """
    if told is not None and (report is None or report.signalled):
        return Outcome(told.state, told.reason, "", exit.code, exit.signal)
    if report is not None:
        return Outcome(report.state, report.message, report.traceback, exit.code, exit.signal)
    if lost:
        return Outcome(State.INTERRUPTED, lost, "", exit.code, exit.signal)
    if exit.signal is not None:
        return Outcome(State.FAILED, f"killed by signal {signal_name(exit.signal)}", "", None, exit.signal)
    if exit.code in UNREPORTED:
        state = UNREPORTED[exit.code]
        message = f"{state.value}, as its exit status tells; the procedure had closed the stream to linod"
        return Outcome(state, message, "", exit.code)
    status = "unknown exit status" if exit.code is None else f"exit status {exit.code}"
    return Outcome(State.FAILED, f"ended without reporting an outcome ({status})", "", exit.code)


def signal_name(number: int) -> str:
    """SIGKILL for 9; real-time signals and unknown ones as numbers."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
