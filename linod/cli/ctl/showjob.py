"""`linod-ctl show-job`: one job, for somebody who asks at night what has happened, and what happens next."""

import signal
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import typer

from linod.cli.ctl.session import Session, session
from linod.cli.ctl.terminal import terminal_width, wrapped
from linod.cli.ctl.times import ago, local, took
from linod.cli.ctl.words import ending, outcome_style, reference
from linod.control.client import Reply
from linod.quantities import bytes_text, seconds_text

LOG_LINES = 20
"""Of the log so many records are shown; what there is more of, `log` and the journal show."""

UNITS = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))


def show_job(ctx: typer.Context, job: int = typer.Argument(..., metavar="JOB", help="Its number.")) -> None:
    """Explain one job: why it ran, how it ended, what comes next."""
    to = session(ctx)
    reply = to.ask("ShowJob", job=job)
    if to.as_json:
        to.json(reply)
    else:
        _say(to, reply)


def _say(to: Session, reply: Reply) -> None:
    job = reply["job"]
    to.say(ending({**job, "message": ""}), outcome_style(job["state"]))
    facts = list(_facts(to, reply))
    names = max(len(name) for name, _ in facts)
    width = terminal_width()
    for name, value in facts:
        for line in wrapped(f"{name:>{names}}{':' if name else ' '} ", value, width):
            to.say(line)
    if job["traceback"]:
        to.say()
        to.say("Traceback:", "bold")
        to.say(job["traceback"].rstrip())
    _say_log(to, reply)


def _facts(to: Session, reply: Reply) -> Iterator[tuple[str, str]]:
    job, task = reply["job"], reply["task"]
    now = f", now {task['name']}" if task and task["name"] != job["task_name"] else ""
    yield "Task", f"{job['task_name']} ({job['kind']}:{job['task_id']}){now}, procedure {job['procedure']}"
    yield "Why", _why(job)
    if job["attempt"] > 1 or len(reply["attempts"]) > 1 or (reply["allowed"] or {}).get("attempts", 1) > 1:
        yield "Attempt", _attempt(reply)
    yield from _times(reply)
    yield "Outcome", _outcome(job, reply["allowed"])
    if job["started_at"]:
        yield from _used(reply)
    yield "Next", _next(to, reply)
    for command in _commands(to, reply):
        yield "", command


def _why(job: dict[str, Any]) -> str:
    reasons = []
    if job["slot_last"]:
        count = job["slot_count"] or "more than 1000"
        reasons.append(f"its {count} slots from {local(job['slot'])} to {local(job['slot_last'])}")
    elif job["slot"]:
        reasons.append(f"its slot of {local(job['slot'])}")
    if job["requested_at"]:
        reasons.append(f"requested by {job['requested_by'] or 'somebody'} at {local(job['requested_at'])}")
    return ", and ".join(reasons) or "not recorded"


def _attempt(reply: Reply) -> str:
    job, allowed = reply["job"], reply["allowed"]
    of = f" of {allowed['attempts']}" if allowed and allowed["attempts"] >= job["attempt"] > 0 else ""
    others = [one for one in reply["attempts"] if one["job"] != job["id"]]
    told = [f"attempt {one['attempt']} was job {one['job']}, {_word(one['state'])}" for one in others]
    return "; ".join([f"{job['attempt']}{of}", *told])


def _times(reply: Reply) -> Iterator[tuple[str, str]]:
    job = reply["job"]
    if job["started_at"]:
        queued = job["requested_at"] or job["slot"] or job["claimed_at"]
        waiting = (_moment(job["started_at"]) - _moment(queued)).total_seconds()
        yield "Queued", local(queued) + (f", began {took(waiting)} later" if waiting >= 1 else "")
        yield "Started", local(job["started_at"])
    else:
        yield "Recorded" if job["outcome"] else "Claimed", local(job["claimed_at"])
    if job["ended_at"] and job["started_at"]:
        yield "Ended", f"{local(job['ended_at'])} ({ago(job['ended_at'])})"
    if job["duration"] is not None:
        so_far = "" if job["outcome"] else " so far"
        yield "Took", f"{took(job['duration'])}{so_far}; {_usually(reply['usual'])}"
    if job["progress"]:
        yield "Progress", f"{job['progress']['done']} of {job['progress']['total']}"


def _usually(usual: dict[str, Any] | None) -> str:
    if usual is None:
        return "no job of this task has succeeded before it"
    if usual["jobs"] == 1:
        return f"the one before it that succeeded took {took(usual['seconds'])}"
    return f"usually {took(usual['seconds'])}, the median of {usual['jobs']} before it that succeeded"


def _outcome(job: dict[str, Any], allowed: dict[str, Any] | None) -> str:
    """Why it ended, in a sentence."""
    state, message = job["state"], " ".join(str(job["message"]).split())
    said = f": {message}" if message else ""
    if job["outcome"] is None:
        return "it runs" if job["started_at"] else "it is about to run"
    if not job["started_at"]:
        return f"it did not run{said}"
    if state == "timed_out" and not message and allowed and allowed["timeout"]:
        said = f": its timeout is {seconds_text(allowed['timeout'])}"
    sentences = {
        "succeeded": "it did what it should",
        "warned": f"it ended with a warning{said}",
        "failed": f"{'its procedure raised an exception' if job['traceback'] else 'it failed'}{said}",
        "timed_out": f"it took too long and was ended{said}",
        "out_of_memory": f"it ran out of memory{said}",
        "cancelled": f"somebody ended it{said}",
        "interrupted": f"linod could not let it finish{said}",
    }
    return "; ".join([sentences.get(state, f"{_word(state)}{said}"), *_exit(job)])


def _exit(job: dict[str, Any]) -> Iterator[str]:
    if job["exit_signal"]:
        yield f"its process was ended by {signal_words(job['exit_signal'])}"
    elif job["exit_code"]:
        yield f"its process ended with exit code {job['exit_code']}"


def signal_words(number: int) -> str:
    """A signal by its name, and what that means: "SIGSEGV (Segmentation fault)"."""
    try:
        return f"{signal.Signals(number).name} ({signal.strsignal(number)})"
    except ValueError:  # of real time, or of another system
        return f"signal {number}"


def _used(reply: Reply) -> Iterator[tuple[str, str]]:
    job = reply["job"]
    names = ("cpu_seconds", "memory_peak", "bytes_read", "bytes_written", "processes")
    if all(job[name] is None for name in names):
        why = f": {reply['uncounted']}" if reply["uncounted"] else ""
        yield "Used", f"not counted{why}" if job["outcome"] else "counted at its end"
        return
    parts = []
    if job["cpu_seconds"] is not None:
        parts.append(f"{took(job['cpu_seconds'])} of CPU time")
    if job["memory_peak"] is not None:
        most = (reply["allowed"] or {}).get("memory_max")
        of = f" of the {bytes_text(most)} that memory_max allows" if most else ""
        parts.append(f"{size(job['memory_peak'])} of memory at most{of}")
    parts += [f"{size(job[f'bytes_{way}'])} {way}" for way in ("read", "written") if job[f"bytes_{way}"] is not None]
    if job["processes"] is not None:
        parts.append("one process" if job["processes"] == 1 else f"{job['processes']} processes at once")
    missing = [name.replace("_", " ") for name in names if job[name] is None]
    if missing:
        parts.append(f"not counted: {', '.join(missing)}" + (f" ({reply['uncounted']})" if reply["uncounted"] else ""))
    yield "Used", ", ".join(parts)


def size(count: int) -> str:
    """Bytes as people read them: "3.1 MiB"."""
    for unit, factor in UNITS:
        if count >= factor:
            return f"{count / factor:.3g} {unit}" if count < 1000 * factor else f"{count / factor:.0f} {unit}"
    return f"{count} bytes"


def _next(to: Session, reply: Reply) -> str:
    """What linod will do, in a sentence."""
    coming, job = reply["next"], reply["job"]
    at = f"{local(coming['at'])} ({ago(coming['at'])})" if coming["at"] else ""
    reason = coming["reason"] or ""
    match coming["what"]:
        case "running":
            return "it runs now" if coming["job"] == job["id"] else f"the task runs now, as job {coming['job']}"
        case "request":
            return f"runs as soon as a job slot is free: {reason or 'somebody'} requested it at {local(coming['at'])}"
        case "slot":
            return f"its slot of {at}"
        case "retry":
            which = "this job" if coming["job"] == job["id"] else f"job {coming['job']}"
            return f"another attempt at {which}, {at}"
        case "failed":
            which = "this failure" if coming["job"] == job["id"] else f"the failure of job {coming['job']}"
            return f"nothing before somebody has looked: the task is disabled by {which}. Once the cause is gone:"
        case "disabled":
            by = f" by {reason}" if reason else ""
            return f"nothing: the task was disabled{by}{', ' + at if at else ''}. To let it run by its schedule:"
        case "removed":
            return f"nothing: the task was removed{' by ' + reason if reason else ''}{', ' + at if at else ''}"
        case "cannot":
            return f"nothing, because the task cannot run: {reason}"
        case _:
            return f"nothing: {reason}. To run it now:"


def _commands(to: Session, reply: Reply) -> Iterator[str]:
    task = reply["task"]
    if task is None:
        return
    if reply["next"]["what"] in ("failed", "disabled"):
        yield to.command(f"enable {reference(task)}")
    elif reply["next"]["what"] == "nothing":
        yield to.command(f"run-now {reference(task)}")


def _say_log(to: Session, reply: Reply) -> None:
    job = reply["job"]
    log = str(job["log"])
    trace = str(job["traceback"]).rstrip()
    if trace and log.endswith(trace):  # it is the last record, and was shown
        log = log[: -len(trace)].rpartition("\n")[0]
    lines = log.splitlines()
    if lines:
        to.say()
        to.say(f"{_log_title(job, len(lines))}:", "bold")
        for line in lines[-LOG_LINES:]:
            to.say(line)
    elif job["started_at"]:
        to.say("\nIt logged nothing." if job["outcome"] else "\nIt has logged nothing so far.")
    if len(lines) > LOG_LINES:
        to.say(f"\nMore of it: {to.command('log --job ' + str(job['id']))}")
    if reply["journal"] and job["started_at"]:
        to.say(f"{'' if len(lines) > LOG_LINES else chr(10)}All of it: journalctl {reply['journal']}")


def _log_title(job: dict[str, Any], kept: int) -> str:
    """How much there is of the log, and how much of it is shown."""
    shown = min(kept, LOG_LINES)
    records = job["log_lines"] or kept
    if shown >= records:
        return "Its log"
    return f"The last {shown} {'line' if shown == 1 else 'lines'} of its log ({records:,} records)"


def _word(state: str) -> str:
    return state.replace("_", " ")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
