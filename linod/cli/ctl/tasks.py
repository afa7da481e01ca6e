"""The commands that show tasks and procedures."""

from collections.abc import Iterator
from typing import Any

import typer

from linod.cli.ctl.session import Session, session
from linod.cli.ctl.tables import one_line, table, terminal_width
from linod.cli.ctl.times import local
from linod.cli.ctl.words import ending, no_plugins, reference
from linod.control.client import Client

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
        headers = ("No.", "Name", "Logging level", "Disabled", "Status", "Background procedure")
        to.say(table(headers, [_row(task) for task in tasks], terminal_width()))


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
    rows = [(level["value"], level["text"], level["number"]) for level in reply["log_levels"]]
    to.say(table(("value", "text", "Numeric value"), rows, terminal_width()))


def _show_procedures(to: Session, found: list[dict[str, Any]]) -> None:
    headers = ("value", "name", "text", "Task class", "Suggested recurrency")
    rows = [(one["name"], one["name"], one["text"], one["class_name"], one["suggested"]) for one in found]
    to.say(table(headers, rows, terminal_width()))
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


def _row(task: dict[str, Any]) -> tuple[object, ...]:
    status = f"Cannot run: {task['problem']}" if task["problem"] else task["status"]
    return task["seqno"], task["name"], task["log_level"], task["disabled"], status, task["procedure"]


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
