"""The commands that run tasks, and end what runs."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import typer

from linod.cli.ctl.change import TASK, TASKS
from linod.cli.ctl.session import INTERRUPTED, Session, session
from linod.cli.ctl.times import clock, local
from linod.cli.ctl.words import ending, outcome_style, reference
from linod.control.client import Reply
from linod.jobs import EXIT_CODES


def run_now(
    ctx: typer.Context,
    tasks: list[str] = TASKS,
    wait: bool = typer.Option(False, "--wait", "-w", help="Wait for the end; its outcome is the exit code."),
    follow: bool = typer.Option(False, "--follow", "-f", help="Show the log live, and wait as --wait does."),
    log_level: str = typer.Option("", metavar="LEVEL", help="Logging level for this run only.", show_default=False),
) -> None:
    """Request tasks to run as soon as possible.

    Whatever their schedule says; a disabled task runs once and stays disabled.
    """
    to = session(ctx)
    stays = wait or follow
    asked: list[dict[str, Any]] = []
    try:
        code = _run(to, tasks, asked, stays=stays, follow=follow, log_level=log_level or None)
    except KeyboardInterrupt:
        for task in asked:
            to.hint(f"It goes on without you; see how: {to.command(f'log -f {reference(task)}')}")
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(code)


def cancel_run(ctx: typer.Context, task: str = TASK) -> None:
    """Cancel a request that waits.

    The schedule stays as it was. What runs already is ended by `kill`.
    """
    to = session(ctx)
    reply = to.act("CancelRun", task=task)
    if to.as_json:
        to.json(reply)
    else:
        to.say(f"Cancelled the request to run {reply['task']['label']}. {reply['task']['status']}.")


def kill(
    ctx: typer.Context,
    task: str = typer.Argument("", metavar="TASK", help="The task whose job is to end.", show_default=False),
    job: int = typer.Option(0, "--job", "-j", metavar="N", help="The job, by its number.", show_default=False),
) -> None:
    """End the job of a task.

    By SIGTERM, a grace, then SIGKILL to all its processes. Nothing is disabled by that.
    """
    if bool(task) == bool(job):
        raise typer.BadParameter("name a task, or a job with --job")
    to = session(ctx)
    reply = to.act("Kill", task=task or None, job=job or None)
    if to.as_json:
        to.json(reply)
        return
    found = reply["job"]
    if reply["new"]:
        to.say(f"Ending job {found['id']} of {found['task_name']}.")
    else:
        to.say(f"Job {found['id']} of {found['task_name']} ends already: {reply['reason']}.")
    to.say(f"See it end: {to.command('jobs ' + _quoted(found))}")


def _run(
    to: Session, tasks: list[str], asked: list[dict[str, Any]], *, stays: bool, follow: bool, log_level: str | None
) -> int:
    """Request all, then wait for each. What was requested is in `asked`, however this ends."""
    code = 0
    parameters = {"log_level": log_level, "wait": stays or None, "follow": follow or None}
    with ExitStack() as stack:
        following = []
        for task in tasks:
            client = stack.enter_context(to.client(wake=True))
            replies = (client.call_more if stays else client.call_once)("RunNow", task=task, **parameters)
            first = next(replies)
            asked.append(first["task"])
            following.append(replies)
            _requested(to, first, stays=stays)
            sys.stdout.flush()  # standard output may be a pipe, and the next line may take hours
        for replies in following if stays else ():
            code = _watch(to, replies) or code
    return code


def _requested(to: Session, reply: Reply, *, stays: bool) -> None:
    if to.as_json:
        to.json_line(reply) if stays else to.json(reply)
        return
    task, job = reply["task"], reply["job"]
    if reply["new"]:
        to.say(f"Requested to run asap: {task['label']}.")
    else:
        to.say(f"Requested already, at {local(reply['requested_at'])} by {task['requested_by']}: {task['label']}.")
    if task["disabled"]:
        enable = to.command(f"enable {reference(task)}")
        to.say(f"It is disabled: it runs once and stays disabled. To enable it: {enable}")
    if not stays:
        what = f"--job {job['id']}" if job else reference(task)
        to.say(f"Follow it: {to.command(f'log -f {what}')}")


def _watch(to: Session, replies: Iterator[Reply]) -> int:
    """Show what comes until the job has ended; returns the exit code that its outcome stands for."""
    for reply in replies:
        if to.as_json:
            to.json_line(reply)
        record, job = reply["record"], reply["job"]
        if record and not to.as_json:
            print_record(to, record)
        if job and job["outcome"]:
            if not to.as_json:
                to.say(ending(job), outcome_style(job["state"]))
                if EXIT_CODES.get(job["state"]):
                    to.say(f"See why: {to.command('show-job ' + str(job['id']))}")
            return EXIT_CODES.get(job["state"], 1)
    return 1


def print_record(to: Session, record: dict[str, Any], *, name: bool = False) -> None:
    """One live log line, at once: standard output may be a pipe."""
    level = record["level"]
    style = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}.get(level, "")
    who = f"{record['task']}: " if name and record["task"] else ""
    to.say(f"{clock(record['time'])} {level} {who}{record['text']}", style)
    sys.stdout.flush()


def _quoted(job: dict[str, Any]) -> str:
    return reference({"name": job["task_name"]})
