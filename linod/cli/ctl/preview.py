"""The commands that look ahead: `preview` for one task, `calendar` for all."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

import typer

from linod.cli.ctl.session import Session, session
from linod.cli.ctl.terminal import terminal_width
from linod.cli.ctl.words import reference
from linod.tables.render import columns, fitted

MOMENT = typer.Option(
    "",
    "--from",
    metavar="MOMENT",
    help="Such as 2026-11-24, '2026-11-24 04:00' or 2026-11-24T03:00:00Z; else now.",
    show_default=False,
)

NAMES = 28
"""Columns for the names of tasks, on a terminal of 80."""


def preview(
    ctx: typer.Context,
    task: str = typer.Argument(..., metavar="TASK", help="Name, id, #number, kind#number or kind:id."),
    number: int = typer.Option(10, "--number", "-n", metavar="N", min=1, max=1000, help="How many."),
    start: str = MOMENT,
) -> None:
    """Show when a task will fall due, and what is unusual about it.

    In the task's time zone. The scheduler uses the same function.
    """
    to = session(ctx)
    reply = to.ask("PreviewTask", task=task, start=start or None, count=number)
    if to.as_json:
        to.json(reply)
        return
    to.say(f"{reply['task']['label']}, times in {reply['time_zone']}", "bold")
    if reply["task"]["problem"]:
        to.say(f"Cannot run: {reply['task']['problem']}", "red")
    for line in preview_lines(reply):
        to.say(line)


def calendar(
    ctx: typer.Context,
    hours: int = typer.Option(24, "--hours", metavar="N", min=1, max=744, help="How far to look ahead."),
    start: str = MOMENT,
    number: int = typer.Option(
        500, "--number", "-n", metavar="N", min=1, max=1000, help="How many tasks, those due first."
    ),
) -> None:
    """Show what falls due in the next 24 hours, task by task.

    In the site's time zone. What runs often is one line.
    """
    to = session(ctx)
    reply = to.ask("GetCalendar", start=start or None, hours=hours, limit=number)
    if to.as_json:
        to.json(reply)
        return
    _say_calendar(to, reply)


def preview_lines(reply: dict[str, Any]) -> Iterator[str]:
    """What a preview says below its title: notes, a line a slot, and why there are no more."""
    yield from (note.capitalize() for note in reply["notes"])
    for slot in reply["slots"]:
        line = f"{_local(slot):%a %Y-%m-%d %H:%M:%S %z}"
        yield "  ".join([line, "; ".join(slot["reasons"])]).rstrip()
    if reply["end"]:
        yield f"No more: {reply['end']}" if reply["slots"] else f"None: {reply['end']}"


def calendar_lines(reply: dict[str, Any], width: int) -> Iterator[str]:
    """A timeline: what runs often first, a line a task; then a line a slot, below its day."""
    often = [one for one in reply["tasks"] if one["interval"]]
    slots = [(_local(slot), one, slot) for one in reply["tasks"] if not one["interval"] for slot in one["slots"]]
    names = min(NAMES, max((columns(one["task"]["name"]) for one in reply["tasks"]), default=0))
    if often:
        yield "Often"
    for one in sorted(often, key=lambda one: _local(one["slots"][0])):
        yield _line(f"{_clock(one['slots'][0])}-", one, names, _often(one), width)
    for day, found in groupby(sorted(slots, key=lambda slot: slot[0]), key=lambda slot: slot[0].date()):
        yield f"{day:%A %Y-%m-%d}"
        for _, one, slot in found:
            yield _line(f"{_clock(slot)} ", one, names, _reasons(one, slot, reply["time_zone"]), width)


def _say_calendar(to: Session, reply: dict[str, Any]) -> None:
    begin, end = (datetime.fromisoformat(reply[name]) for name in ("start", "until"))
    to.say(f"{(end - begin).total_seconds() / 3600:.0f} hours, times in {reply['time_zone']}", "bold")
    for line in calendar_lines(reply, terminal_width()):
        to.say(line, "" if line.startswith(" ") else "bold")
    if not reply["tasks"]:
        to.say("Nothing falls due.")
    if reply["more"]:
        to.say("Other tasks fall due too; the JSON of all: linod-ctl calendar --json -n 1000, and --hours for less")
    notes = [(one["task"], note) for one in reply["tasks"] for note in _notes(one)]
    for task, note in notes:
        to.say(f"{task['name']}: {note}")
    unusual = [one["task"] for one in reply["tasks"] if any(slot["reasons"] for slot in one["slots"])]
    if unusual:
        to.hint(f"See one task: {to.command(f'preview {reference(unusual[0])}')}")


def _notes(one: dict[str, Any]) -> Iterable[str]:
    yield from one["notes"]
    if one["task"]["problem"]:
        yield f"cannot run: {one['task']['problem']}"


def _line(clock: str, one: dict[str, Any], names: int, text: str, width: int) -> str:
    line = f"  {clock} {fitted(one['task']['name'], names)}  {text}".rstrip()
    return fitted(line, width).rstrip() if columns(line) > width else line


def _often(one: dict[str, Any]) -> str:
    return "; ".join([f"every {one['interval']}, {one['count']:,} times", *one["slots"][0]["reasons"]])


def _reasons(one: dict[str, Any], slot: dict[str, Any], zone: str) -> str:
    away = [one["time_zone"]] if one["time_zone"] != zone else []
    return "; ".join([*slot["reasons"], *away])


def _local(slot: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(slot["local"])


def _clock(slot: dict[str, Any]) -> str:
    return f"{_local(slot):%H:%M:%S}"
