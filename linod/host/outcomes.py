"""From what is known of an ended job to its one outcome, in words that are true. Pure."""

import signal
from collections.abc import Mapping

from linod.host.intake import Report
from linod.host.protocol import EXIT_FAILED, EXIT_SUCCEEDED, EXIT_WARNED, TERMINATED, Message
from linod.host.text import signal_name, size
from linod.jobs import Outcome, State, Usage
from linod.tuples import NamedTuple

UNREPORTED = {EXIT_SUCCEEDED: State.SUCCEEDED, EXIT_WARNED: State.WARNED, EXIT_FAILED: State.FAILED}


class Exit(NamedTuple):
    """How a process ended: one of code and signal is set; neither when nobody could see it.

    usage      what it has used, with all that it started.
    oom_kills  processes of its control group that the kernel has killed because there was no memory left.
    left       processes that it has left behind, and that were killed.
    stuck      some of those did not end.
    told       a signal to end has reached it, or may have.
    """

    code: int | None = None
    signal: int | None = None
    usage: Usage = Usage()
    oom_kills: int = 0
    left: int = 0
    stuck: bool = False
    told: bool = True

    @classmethod
    def of(cls, message: Message) -> "Exit":
        """What the host tells. Of a host with an older linod some of it is missing."""
        counted = message.get("usage", {})
        return cls(
            message["code"],
            message["signal"],
            usage_of(counted),
            int(counted.get("oom_kills", 0)),
            int(message.get("left", 0)),
            bool(message.get("stuck", False)),
            bool(message.get("told", True)),
        )


def usage_of(counted: Mapping[str, float]) -> Usage:
    """What `linod.cgroups.usage` has counted."""
    seconds = counted.get("cpu_seconds")
    numbers = {name: int(counted[name]) for name in Usage._fields[1:] if name in counted}
    return Usage(None if seconds is None else float(seconds), **numbers)


class Told(NamedTuple):
    """A job was told to end: with this state, for this reason.

    killed  how it came that what was left of it was killed, "" while it was not.
    """

    state: State
    reason: str
    killed: str = ""


def outcome_of(exit: Exit, report: Report | None, told: Told | None, lost: str, memory_max: int = 0) -> Outcome:
    """Decide.

    report      what the child said, None when it said nothing.
    told        who was told to end ends so, unless it had ended or had its outcome before the signal reached it.
    lost        why the host could not see the end, "" when it could.
    memory_max  bytes that all of the job's processes together may have, 0 when nothing limits them.
    """
    return _decide(exit, report, told, lost, memory_max)._replace(usage=exit.usage)


def _decide(exit: Exit, report: Report | None, told: Told | None, lost: str, memory_max: int) -> Outcome:
    if told is not None and (exit.told if report is None else report.signalled):
        return _as_told(exit, report, told, lost)
    if exit.oom_kills and (memory_max or report is None or report.state is State.FAILED):
        traceback = "" if report is None else report.traceback
        return Outcome(State.OUT_OF_MEMORY, _no_memory(exit.usage, memory_max), traceback, exit.code, exit.signal)
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


def _as_told(exit: Exit, report: Report | None, told: Told, lost: str) -> Outcome:
    """The traceback says where a job was when its time was up, or what its cleanup failed of; otherwise it is none of
    anybody's interest."""
    message = "; ".join(filter(None, (told.reason, _how(exit, report, told) or lost)))
    wanted = report is not None and (told.state is State.TIMED_OUT or _cleanup_failed(report))
    return Outcome(told.state, message, report.traceback if report and wanted else "", exit.code, exit.signal)


def _cleanup_failed(report: Report) -> bool:
    return report.state is State.FAILED and report.message != TERMINATED


def _how(exit: Exit, report: Report | None, told: Told) -> str:
    """How a job that was told to end has ended."""
    if report is not None:
        if report.message == TERMINATED:
            return "it cleaned up and ended"
        if _cleanup_failed(report):
            return f"its cleanup failed: {report.message}"
        return "its procedure went on, and returned"
    if exit.signal == signal.SIGKILL and told.killed:
        return told.killed
    if exit.signal is not None:
        return f"{signal_name(exit.signal)} ended it, without cleanup"
    return "" if exit.code is None else f"it ended with exit status {exit.code}"


def _no_memory(usage: Usage, memory_max: int) -> str:
    if memory_max:
        return f"used {size(memory_max)}, its memory_max"
    used = f"when it had {size(usage.memory_peak)}: " if usage.memory_peak else "because "
    return f"was killed by the kernel {used}the machine, or MemoryMax= of the unit, has no more"
