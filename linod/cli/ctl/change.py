"""The commands that change tasks."""

from typing import Any

import typer

from linod.cli.ctl.session import Session, session
from linod.cli.ctl.words import reference
from linod.policies import DEFAULT, POLICIES, policy_text

TASK = typer.Argument(..., metavar="TASK", help="Name, id, #number, kind#number or kind:id.")
TASKS = typer.Argument(..., metavar="TASK...", help="Names, ids, #numbers, kind#numbers or kind:ids.")
COLUMNS = typer.Argument(None, metavar="COLUMN=VALUE...", help="Such as every=5 every_unit=minutely start_time=04:00.")


def enable(ctx: typer.Context, tasks: list[str] = TASKS) -> None:
    """Let tasks run by their schedule."""
    _switch(session(ctx), "Enable", "enabled", tasks)


def disable(ctx: typer.Context, tasks: list[str] = TASKS) -> None:
    """Keep tasks from their schedule.

    A request runs a disabled task all the same.
    """
    _switch(session(ctx), "Disable", "disabled", tasks)


def set_columns(ctx: typer.Context, task: str = TASK, values: list[str] = COLUMNS) -> None:
    """Set columns of a task.

    Such as its recurrence, its name, its logging level.
    """
    to = session(ctx)
    reply = to.act("SetTask", task=task, columns=columns_of(values, needed=True))
    if to.as_json:
        to.json(reply)
        return
    found, changed = reply["task"], reply["changed"]
    if changed:
        now = {**found, **found["own"]}
        told = ", ".join(f"{name}={_shown(name, now.get(name))}" for name in changed)
        to.say(f"Changed {found['label']}: {told}. {found['status']}.")
    else:
        to.say(f"{found['label']} is that way already.")


def add(
    ctx: typer.Context,
    procedure: str = typer.Argument(..., metavar="PROCEDURE", help="One that `linod-ctl procedures` lists."),
    values: list[str] = COLUMNS,
    name: str = typer.Option(
        "", metavar="NAME", help="Name of the task; else that of the procedure.", show_default=False
    ),
    kind: str = typer.Option(
        "", "--class", metavar="CLASS", help="That the procedure is for; another is refused.", show_default=False
    ),
) -> None:
    """Add a task for a procedure.

    Columns not given are those that the procedure suggests. Columns of its class's own are given as others are.
    """
    to = session(ctx)
    columns = columns_of(values, needed=False)
    reply = to.act("AddTask", procedure=procedure, kind=kind or None, name=name or None, columns=columns)
    if to.as_json:
        to.json(reply)
    else:
        to.say(f"Added {reply['task']['label']}. {reply['task']['status']}.")


def remove(ctx: typer.Context, task: str = TASK) -> None:
    """Remove a task.

    Its jobs stay in the ledger, and it is not installed again.
    """
    to = session(ctx)
    reply = to.act("RemoveTask", task=task)
    if to.as_json:
        to.json(reply)
    else:
        to.say(f"Removed {reply['task']['label']}; its jobs stay in the ledger.")


def _switch(to: Session, method: str, done: str, tasks: list[str]) -> None:
    replies = []
    for task in tasks:
        reply = to.act(method, task=task)
        replies.append(reply)
        found = reply["task"]
        if to.as_json:
            continue
        if reply["changed"]:
            to.say(f"{done.capitalize()} {found['label']}. {found['status']}.")
        else:
            to.say(f"{found['label']} was {done} already.")
        if done == "disabled" and found["job_id"] is not None:
            to.say(f"Its job {found['job_id']} runs on; to end it: {to.command(f'kill {reference(found)}')}")
    if to.as_json:
        to.json(replies[0] if len(replies) == 1 else {"replies": replies})


def columns_of(values: list[str] | None, *, needed: bool) -> dict[str, Any]:
    """What `column=value` words say; raises BadParameter for other words, and for none when they are needed."""
    if needed and not values:
        raise typer.BadParameter("name at least one column=value")
    columns: dict[str, Any] = {}
    for word in values or ():
        name, equals, value = word.partition("=")
        if not name or not equals:
            raise typer.BadParameter(f"{word!r} is not of the form column=value")
        columns[name.strip()] = value
    return columns


def _shown(name: str, value: object) -> str:
    if name in POLICIES:
        return DEFAULT if value is None else policy_text(name, value)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
