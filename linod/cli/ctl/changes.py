"""The command that shows what operators did."""

from datetime import datetime
from typing import Any

import typer

from linod.cli.ctl.history import NUMBER, SINCE, TASK, UNTIL, paged, tell_of_more
from linod.cli.ctl.moments import wire_moment
from linod.cli.ctl.session import Session, session
from linod.cli.ctl.terminal import terminal_width, wrapped
from linod.cli.ctl.times import local
from linod.policies import KINDS, policy_text
from linod.tables.render import columns, table

HEADERS = ("Id", "When", "Who", "What", "Task", "Change")

OLDER = typer.Option(0, "--before", metavar="ID", help="Only those before this one.", show_default=False)


def changes(
    ctx: typer.Context,
    task: str = TASK,
    since: str = SINCE,
    until: str = UNTIL,
    number: int = NUMBER,
    before: int = OLDER,
) -> None:
    """List what operators did: who, when, what."""
    to = session(ctx)
    asked = {"task": task or None, "since": wire_moment("--since", since), "until": wire_moment("--until", until)}
    with to.client(wake=False) as client:
        found, older = paged(client, "ListChanges", "changes", number, before or None, asked)
    if to.as_json:
        to.json({"changes": found, "next": older})
        return
    _say(to, [_row(change) for change in found])
    tell_of_more(to, older)


def _say(to: Session, rows: list[tuple[object, ...]]) -> None:
    """A table, or where that would be cut, two lines each: who looks here wants to know what exactly was changed."""
    shown, width = table(HEADERS, rows), terminal_width()
    if not rows or max(columns(line) for line in shown.splitlines()) <= width:
        to.say(shown)
        return
    for *row, change in rows:
        to.say("  ".join(str(cell) for cell in row if cell), "bold")
        for line in wrapped("    ", str(change), width):
            to.say(line)


def _row(change: dict[str, Any]) -> tuple[object, ...]:
    who = f"{change['user']} ({change['uid']}:{change['gid']})"
    task = change["task_name"] or ""
    return change["id"], local(change["at"]), who, change["action"], task, changed(change["before"], change["after"])


def changed(before: dict[str, Any], after: dict[str, Any]) -> str:
    """What was, and what is: `every: 5 → 10, start_time: none → 04:00:00`."""
    parts = []
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if name in before and name in after:
            parts.append(f"{name}: {_shown(name, old)} → {_shown(name, new)}")
        elif new is not None:
            parts.append(f"{name}: {_shown(name, new)}")
        elif old is not None:
            parts.append(f"{name}: {_shown(name, old)} → gone")
    return ", ".join(parts)


def _shown(name: str, value: object) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in KINDS and isinstance(value, int):
        return policy_text(name, value)
    if isinstance(value, list):
        return " ".join(map(str, value))
    text = str(value)
    return local(text) if _is_moment(text) else text


def _is_moment(text: str) -> bool:
    if len(text) < 20 or not text.endswith("Z"):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
