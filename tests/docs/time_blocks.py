"""The blocks of docs/time.md: a schedule and a moment in the first line, then what linod computes.

`python -m tests.docs.time_blocks` writes them anew.
"""

import re
import shlex
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from linod.cli.ctl.preview import preview_lines
from linod.control.previewing import slots_json
from linod.models import parse_column
from linod.preview import parse_start, preview
from linod.tasks import SYSTEM_TASK, Task
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "time.md"
BRUSSELS = ZoneInfo("Europe/Brussels")
BLOCK = re.compile(r"^```time\n(.*)\n(?:.*\n)*?```$", re.MULTILINE)
SLOTS = 4


def computed(head: str) -> list[str]:
    """The lines for a first line: columns as `linod-ctl set` takes them, `|`, the first run, and from when."""
    columns, _, moments = head.partition("|")
    values: dict[str, Any] = {}
    for word in shlex.split(columns):
        name, _, value = word.partition("=")
        values[name] = parse_column(name, value)
    zone = ZoneInfo(values.get("time_zone") or BRUSSELS.key)
    told = {
        name.strip(): parse_start(at, zone)
        for name, at in re.findall(r"(first run|from|now) ([-\d]+(?: [:\d]+)?)", moments)
    }
    start = told.get("from") or told["now"]
    row = Task(SYSTEM_TASK, 1, 1, "a", "a", anchor=_anchor(told, start, values, moments), **values)
    found = preview(row, start, BRUSSELS, start, SLOTS)
    return list(preview_lines({"notes": found.notes, "slots": slots_json(found, found.zone), "end": found.end}))


def _anchor(told: dict[str, datetime], start: datetime, values: dict[str, Any], moments: str) -> datetime | None:
    """The first run: as told, else long ago; none where the block is about it."""
    if "never ran" in moments or values["every_unit"] == "once":
        return None
    return told.get("first run") or parse_start("2020-01-01", BRUSSELS)


def rewritten(text: str) -> str:
    """The page with all its blocks computed."""
    return BLOCK.sub(lambda found: "\n".join(["```time", found[1], *computed(found[1]), "```"]), text)


if __name__ == "__main__":
    Path(PAGE).write_text(rewritten(PAGE.read_text()))
