"""The commands that order the list of tasks."""

import typer

from linod.cli.ctl.change import COLUMNS, TASK, columns_of
from linod.cli.ctl.session import Session, session

NUMBER = typer.Option(1, "-n", "--number", metavar="N", min=1, help="By how many places.")


def move_up(ctx: typer.Context, task: str = TASK, number: int = NUMBER) -> None:
    """Move a task up in the list.

    The order decides which of several tasks runs first that fall due at the same moment.
    """
    _move(session(ctx), task, -number)


def move_down(ctx: typer.Context, task: str = TASK, number: int = NUMBER) -> None:
    """Move a task down in the list."""
    _move(session(ctx), task, number)


def duplicate(
    ctx: typer.Context,
    task: str = TASK,
    values: list[str] = COLUMNS,
    name: str = typer.Option(
        "", metavar="NAME", help='Name of the copy; else that of the task and "(copy)".', show_default=False
    ),
) -> None:
    """Put a copy of a task behind it.

    Columns not given are those of the task. What became of the task is not copied: the copy never ran.
    """
    to = session(ctx)
    reply = to.act("DuplicateTask", task=task, name=name or None, columns=columns_of(values, needed=False))
    if to.as_json:
        to.json(reply)
    else:
        to.say(f"Added {reply['task']['label']}. {reply['task']['status']}.")


def _move(to: Session, task: str, by: int) -> None:
    reply = to.act("MoveTask", task=task, by=by)
    if to.as_json:
        to.json(reply)
    elif reply["changed"]:
        to.say(f"Moved {'up' if by < 0 else 'down'}: {reply['task']['label']}.")
    else:
        to.say(f"{reply['task']['label']} is {'first' if by < 0 else 'last'} already.")
