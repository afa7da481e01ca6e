"""The commands that show jobs, and what they logged."""

import shlex
import sys
from collections.abc import Callable
from typing import Any

import typer

from linod.cli.ctl.moments import wire_moment
from linod.cli.ctl.run import print_record
from linod.cli.ctl.session import INTERRUPTED, Session, session
from linod.cli.ctl.terminal import terminal_width
from linod.cli.ctl.times import brief, local, took
from linod.cli.ctl.words import ending, outcome_style
from linod.control.client import Client, Reply
from linod.tables.render import table

PAGE = 250
"""Jobs asked for at once: the most that linod gives."""

WIDE = 100
"""Columns of a terminal on which moments are shown whole."""

TASK = typer.Argument("", metavar="[TASK]", help="Of this task only.", show_default=False)
SINCE = typer.Option(
    "",
    metavar="MOMENT",
    help="From then on, such as yesterday or -2h.",
    show_default=False,
)
UNTIL = typer.Option("", metavar="MOMENT", help="Before then.", show_default=False)
NUMBER = typer.Option(20, "--number", "-n", metavar="N", min=1, help="How many, the newest first.")


def jobs(
    ctx: typer.Context,
    task: str = TASK,
    outcome: str = typer.Option("", metavar="OUTCOME,...", help="Such as failed,interrupted.", show_default=False),
    since: str = SINCE,
    until: str = UNTIL,
    number: int = NUMBER,
    before: int = typer.Option(0, "--before", metavar="JOB", help="Only those before this one.", show_default=False),
) -> None:
    """List jobs, the newest first."""
    to = session(ctx)
    states = [word.strip().replace("-", "_") for word in outcome.split(",") if word.strip()] or None
    span = {"since": wire_moment("--since", since), "until": wire_moment("--until", until)}
    with to.client(wake=False) as client:
        found, older = paged(
            client, "ListJobs", "jobs", number, before or None, {"task": task or None, "states": states, **span}
        )
    if to.as_json:
        to.json({"jobs": found, "next": older})
        return
    several = any(job["attempt"] > 1 for job in found)
    attempt = ["Attempt"] if several else []
    width = terminal_width()
    by, at = ("Requested by", local) if width >= WIDE else ("By", brief)
    headers = ["Job", "Task", "Outcome", *attempt, "Started", "Took", by, "Message"]
    to.say(table(headers, [_row(job, several, at) for job in found], width))
    tell_of_more(to, older)


def paged(
    client: Client, method: str, rows: str, number: int, before: int | None, asked: dict[str, Any]
) -> tuple[list[dict[str, Any]], int | None]:
    """The first `number` rows of a list that comes in pages, and behind which id others follow, if there are any."""
    found: list[dict[str, Any]] = []
    while True:
        page = client.call(method, **asked, before=before, limit=min(number - len(found), PAGE))
        found += page[rows]
        before = page["next"]
        if before is None or len(found) >= number:
            return found, before


def tell_of_more(to: Session, older: int | None) -> None:
    """That the list goes on, and how to see it."""
    if older is not None:
        sys.stdout.flush()
        to.hint(f"There are older ones: --before {older}, or -n for more of them")


def log(
    ctx: typer.Context,
    task: str = TASK,
    job: int = typer.Option(0, "--job", "-j", metavar="N", help="Of this job only.", show_default=False),
    follow: bool = typer.Option(False, "--follow", "-f", help="Go on with what is logged from now on."),
    lines: int = typer.Option(
        -1,
        "--lines",
        "-n",
        metavar="N",
        min=-1,
        help="How many of the last lines; else all of the last job.",
        show_default=False,
    ),
) -> None:
    """Show what jobs logged.

    The last job of a task, one job, or the last lines of all tasks.
    """
    to = session(ctx)
    if task and job:
        raise typer.BadParameter("name a task or a job, and not both")
    asked = {"task": task or None, "job": job or None, "lines": lines if lines >= 0 else None}
    with to.client(wake=False) as client:
        if not follow:
            reply = client.call("GetLog", **asked)
            to.json(reply) if to.as_json else _past(to, reply)
            return
        try:
            for reply in client.call_more("GetLog", follow=True, **asked):
                to.json_line(reply) if to.as_json else _live(to, reply, name=not (task or job))
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None


def _row(job: dict[str, Any], several: bool, at: Callable[[str | None], str]) -> tuple[object, ...]:
    state = job["state"].replace("_", " ")
    if job["progress"]:
        state += f" {job['progress']['done']}/{job['progress']['total']}"
    began = job["started_at"] or job["claimed_at"]
    message = job["message"] if job["state"] != "succeeded" else ""
    return (
        job["id"],
        job["task_name"],
        state,
        *([job["attempt"]] if several else []),
        at(began),
        took(job["duration"]),
        job["requested_by"],
        message,
    )


def _past(to: Session, reply: Reply) -> None:
    for job in reply["jobs"]:
        to.say(f"-- {ending(job)} --", outcome_style(job["state"]))
        if job["log_dropped"]:
            to.say(f"({job['log_dropped']} earlier records are not kept here)", "dim")
        if job["log"]:
            to.say(job["log"])
    if not reply["jobs"]:
        to.say("No job has run yet.")
    sys.stdout.flush()
    if reply["jobs"] and reply["journal"]:
        field = f"LINOD_JOB={reply['jobs'][0]['id']}"
        if len(reply["jobs"]) > 1:
            names = {job["task_name"] for job in reply["jobs"]}
            field = shlex.quote(f"LINOD_TASK={names.pop()}") if len(names) == 1 else "-t linod"
        to.hint(f"The rest is in the journal: journalctl {field}")


def _live(to: Session, reply: Reply, *, name: bool) -> None:
    if reply["jobs"] is not None:
        _past(to, reply)
    elif reply["record"]:
        print_record(to, reply["record"], name=name)
    elif reply["job"]:
        to.say(f"-- {ending(reply['job'])} --", outcome_style(reply["job"]["state"]))
        sys.stdout.flush()
