"""The commands that show tasks and procedures."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby, islice
from typing import Any

import typer

from linod.cli.ctl.session import Session, session
from linod.cli.ctl.terminal import terminal_width
from linod.cli.ctl.times import local
from linod.cli.ctl.words import ending, no_plugins, reference
from linod.control.client import Client
from linod.kinds import SHOWN as SHOWN_COLUMNS
from linod.policies import POLICIES, policy_text
from linod.tables.layout import KINDS, LOG_LEVELS, PROCEDURES, Layout, cells, headers, layout_of
from linod.tables.render import long_table, one_line, table
from linod.tasks import SYSTEM_TASK

PAGE = 250
"""Tasks asked for at once: the most that linod gives."""

SHOWN = 200
"""Tasks that a terminal gets, unless somebody wants more."""

PART = 1000
"""Rows that decide together how wide the columns of a table are."""

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def list_tasks(
    ctx: typer.Context,
    pattern: str = typer.Argument("", metavar="[PATTERN]", help="Of names, such as 'import_*'.", show_default=False),
    status: str = typer.Option(
        "",
        metavar="STATUS",
        help="Such as failed: enabled, disabled, running, requested, failed, overdue.",
        show_default=False,
    ),
    procedure: str = typer.Option("", metavar="PROCEDURE", help="That run this procedure.", show_default=False),
    kind: str = typer.Option(
        "", "--class", metavar="CLASS", help="Of this class, such as linod.SystemTask.", show_default=False
    ),
    number: int = typer.Option(
        -1,
        "--number",
        "-n",
        metavar="N",
        min=-1,
        help=f"How many, 0 for all; else {SHOWN} on a terminal, and all elsewhere.",
        show_default=False,
    ),
) -> None:
    """List the tasks, each class in a table of its own."""
    to = session(ctx)
    number = number if number >= 0 else SHOWN if sys.stdout.isatty() and not to.as_json else 0
    asked = {"pattern": pattern, "status": status, "procedure": procedure, "kind": kind}
    with to.client(wake=False) as client:
        listed = Listed(client, number, {name: value for name, value in asked.items() if value})
        first = list(islice(listed, PART))
        if to.as_json:
            _print_json(to, chain(first, listed), listed)
        elif not first and not any(asked.values()) and not (found := client.call("GetStatus")["status"])["plugins"]:
            no_plugins(to, found)
        else:
            _print_tables(to, client, chain(first, listed))
            if listed.more:
                sys.stdout.flush()
                to.hint(
                    f"There are more, the site has {listed.total} tasks: -n 0 lists all, a PATTERN or --status some"
                )


class Listed:
    """The tasks of a list, page by page: a million of them are never held.

    total  how many the site has, once the first has come.
    more   whether others follow those that were asked for.
    """

    def __init__(self, client: Client, number: int, asked: dict[str, str]) -> None:
        self.total = 0
        self.more = False
        self._client, self._number, self._asked = client, number, asked
        self._tasks = self._all()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self._tasks

    def _all(self) -> Iterator[dict[str, Any]]:
        after, left = None, self._number
        while True:
            limit = min(left, PAGE) if self._number else PAGE
            page = self._client.call("ListTasks", limit=limit, after=after, **self._asked)
            self.total = page["total"] if after is None else self.total
            yield from page["tasks"]
            after, left = page["next"], left - len(page["tasks"])
            if after is None or (self._number and not left):
                self.more = after is not None
                return


def _print_tables(to: Session, client: Client, tasks: Iterable[dict[str, Any]]) -> None:
    """Tasks come one class after the other."""
    printed = 0
    for kind, of_kind in groupby(tasks, lambda task: str(task["kind"])):
        if kind != SYSTEM_TASK:
            to.say(f"\n{kind}" if printed else kind, "bold")
        layout = _shown(layout_of(kind, _columns(client, kind)))
        parts = iter(lambda: list(islice(of_kind, PART)), [])  # noqa: B023 - used up before the next
        rows = ([cells(layout, _row(task)) for task in part] for part in parts)
        for line in long_table(headers(layout), rows, terminal_width()):
            to.say(line)
        printed += 1
    if not printed:
        to.say("No data to display")


def _columns(client: Client, kind: str) -> Sequence[str]:
    """What the table of a class shows."""
    if kind == SYSTEM_TASK:
        return SHOWN_COLUMNS
    found: dict[str, list[str]] = {one["name"]: one["shown"] for one in client.call("ListKinds")["kinds"]}
    return found.get(kind, SHOWN_COLUMNS)


def _print_json(to: Session, tasks: Iterable[dict[str, Any]], listed: Listed) -> None:
    """One document, a task a line, each as it comes."""
    between = '{"tasks": [\n'
    for task in tasks:
        sys.stdout.write(between)
        sys.stdout.write(json.dumps(task))
        between = ",\n"
    end = "" if between.startswith(",") else between
    sys.stdout.write(f'{end}\n], "total": {listed.total}, "more": {json.dumps(listed.more)}}}\n')


def show(
    ctx: typer.Context, task: str = typer.Argument(..., help="Name, id, #number, kind#number or kind:id.")
) -> None:
    """Show one task, and its last job."""
    to = session(ctx)
    reply = to.ask("ShowTask", task=task)
    if to.as_json:
        to.json(reply)
        return
    found, job = reply["task"], reply["job"]
    to.say(found["label"], "bold")
    facts = list(_facts(found, job))
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        to.say(f"  {name:>{width}}: {value}")
    to.say("\nPolicies:")
    width = max(map(len, reply["policy"]))
    for name, policy in reply["policy"].items():
        to.say(f"  {name:>{width}}: {_policy(name, policy)}")
    if found["message"]:
        to.say("\nLogged messages:")
        to.say(found["message"])
    if job:
        to.say(f"\nIts jobs: {to.command(f'jobs {reference(found)}')}")


def procedures(ctx: typer.Context) -> None:
    """List what the plugins have registered."""
    to = session(ctx)
    with to.client(wake=False) as client:
        reply = client.call("ListProcedures")
        if to.as_json:
            to.json(reply)
        elif not reply["procedures"] and not (status := client.call("GetStatus")["status"])["plugins"]:
            no_plugins(to, status)
        else:
            _show_procedures(to, reply["procedures"])


def kinds(ctx: typer.Context) -> None:
    """List the classes of tasks that plugins brought."""
    to = session(ctx)
    reply = to.ask("ListKinds")
    if to.as_json:
        to.json(reply)
        return
    rows = [cells(KINDS, {**kind, "columns": ", ".join(kind["columns"])}) for kind in reply["kinds"]]
    to.say(table(headers(KINDS), rows, terminal_width()))
    for kind in reply["kinds"]:
        if kind["problem"]:
            to.say(f"Tasks of {kind['name']} cannot run: {kind['problem']}", "red")


def log_levels(ctx: typer.Context) -> None:
    """List the logging levels of tasks."""
    to = session(ctx)
    reply = to.ask("ListLogLevels")
    if to.as_json:
        to.json(reply)
        return
    to.say(_table(LOG_LEVELS, reply["log_levels"]))


def _show_procedures(to: Session, found: list[dict[str, Any]]) -> None:
    to.say(_table(PROCEDURES, found))
    for one in found:
        if one["problem"]:
            to.say(f"{one['name']} cannot run: {one['problem']}", "red")


def _table(layout: Layout, rows: list[dict[str, Any]]) -> str:
    layout = _shown(layout)
    return table(headers(layout), [cells(layout, row) for row in rows], terminal_width())


def _shown(layout: Layout) -> Layout:
    return [column for column in layout if column[1]]  # in a terminal nobody drags rows, and its width is dear


def _row(task: dict[str, Any]) -> dict[str, Any]:
    row = {**task, **task["own"]}
    return {**row, "status": f"Cannot run: {task['problem']}"} if task["problem"] else row


def _facts(task: dict[str, Any], job: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    yield "Status", task["status"]
    if task["problem"]:
        yield "Cannot run", task["problem"]
    yield "Id", f"{task['kind']}:{task['id']}"
    yield "Procedure", task["procedure"]
    for name, value in task["own"].items():
        yield name.replace("_", " ").capitalize(), one_line(value)
    yield "When", task["when"]
    yield "Recurrence", _recurrence(task)
    yield "Logging level", task["log_level"]
    yield "Disabled", one_line(task["disabled"])
    for name, column in (("Next due", "next_due"), ("Started at", "last_start_time"), ("Ended at", "last_end_time")):
        if task[column]:
            yield name, local(task[column])
    if task["requested_at"]:
        yield "Requested at", f"{local(task['requested_at'])} by {task['requested_by']}"
    if job:
        yield "Running" if job["outcome"] is None else "Last job", one_line(ending(job))


SAYS = {"task": "the task", "settings": "[defaults] of the settings", "linod": "linod"}
"""Who says a policy."""


def _policy(name: str, policy: dict[str, Any]) -> str:
    text = policy_text(name, policy["value"]) if name in POLICIES else one_line(policy["value"])
    return f"{text}, says {SAYS.get(policy['source'], policy['source'])}"


def _recurrence(task: dict[str, Any]) -> str:
    """The columns that say when it runs, as `set` takes them; those that say nothing are left out."""
    days = [day for day in DAYS if task[day]]
    names = ("positions", "start_date", "start_time", "end_date", "end_time", "max_events", "time_zone")
    words = [f"every={task['every']}", f"every_unit={task['every_unit']}", *(f"{day}=yes" for day in days)]
    return " ".join(words + [f"{name}={task[name]}" for name in names if task[name] not in (None, "")])
