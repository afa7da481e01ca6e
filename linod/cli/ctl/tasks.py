"""The commands that show tasks and procedures."""

from collections.abc import Iterator
from typing import Any

import typer

from linod.cli.ctl.session import Session, session
from linod.cli.ctl.terminal import terminal_width
from linod.cli.ctl.times import local
from linod.cli.ctl.words import ending, no_plugins, reference
from linod.control.client import Client
from linod.tables.layout import LOG_LEVELS, PROCEDURES, SYSTEM_TASKS, Layout, cells, headers
from linod.tables.render import one_line, table

PAGE = 1000
"""Tasks asked for at once: the most that linod gives."""

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def list_tasks(ctx: typer.Context) -> None:
    """List the system tasks."""
    to = session(ctx)
    with to.client(wake=False) as client:
        tasks = list(_all_tasks(client))
        plugins = True if tasks or to.as_json else client.call("GetStatus")["status"]
    if to.as_json:
        to.json({"tasks": tasks, "total": len(tasks)})
    elif isinstance(plugins, dict) and not plugins["plugins"]:
        no_plugins(to, plugins)
    else:
        to.say(_table(SYSTEM_TASKS, [_row(task) for task in tasks]))


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


def _all_tasks(client: Client) -> Iterator[dict[str, Any]]:
    offset = 0
    while True:
        page = client.call("ListTasks", offset=offset, limit=PAGE)
        yield from page["tasks"]
        offset += len(page["tasks"])
        if offset >= page["total"] or not page["tasks"]:
            return


def _table(layout: Layout, rows: list[dict[str, Any]]) -> str:
    layout = [column for column in layout if column[1]]  # in a terminal nobody drags rows, and its width is dear
    return table(headers(layout), [cells(layout, row) for row in rows], terminal_width())


def _row(task: dict[str, Any]) -> dict[str, Any]:
    return {**task, "status": f"Cannot run: {task['problem']}"} if task["problem"] else task


def _facts(task: dict[str, Any], job: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    yield "Status", task["status"]
    if task["problem"]:
        yield "Cannot run", task["problem"]
    yield "Id", f"{task['kind']}:{task['id']}"
    yield "Procedure", task["procedure"]
    yield "When", task["when"]
    yield "Recurrence", _recurrence(task)
    yield "Missed slots", task["missed"] or "once"
    yield "Logging level", task["log_level"]
    yield "Disabled", one_line(task["disabled"])
    for name, column in (("Next due", "next_due"), ("Started at", "last_start_time"), ("Ended at", "last_end_time")):
        if task[column]:
            yield name, local(task[column])
    if task["requested_at"]:
        yield "Requested at", f"{local(task['requested_at'])} by {task['requested_by']}"
    if job:
        yield "Running" if job["outcome"] is None else "Last job", one_line(ending(job))


def _recurrence(task: dict[str, Any]) -> str:
    """The columns that say when it runs, as `set` takes them; those that say nothing are left out."""
    days = [day for day in DAYS if task[day]]
    names = ("positions", "start_date", "start_time", "end_date", "end_time", "max_events", "time_zone")
    words = [f"every={task['every']}", f"every_unit={task['every_unit']}", *(f"{day}=yes" for day in days)]
    return " ".join(words + [f"{name}={task[name]}" for name in names if task[name] not in (None, "")])
