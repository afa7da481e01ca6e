"""What the terminal is: its colours and its width."""

import os
import sys
import textwrap

from linod.tables.render import UNLIMITED

NARROW = 40
"""Columns that a text gets at least, however narrow the terminal is."""

STYLES = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "dim": "2"}


def paint(text: str, style: str) -> str:
    """`text` in a colour, for a terminal."""
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m"


def terminal_width() -> int:
    """Columns of the terminal; no limit when standard output is none."""
    if not sys.stdout.isatty():
        return UNLIMITED
    try:
        return int(os.environ.get("COLUMNS", "")) or os.get_terminal_size().columns
    except (ValueError, OSError):
        return 80


def wrapped(head: str, text: str, width: int) -> list[str]:
    """`text` behind `head`, in lines of `width` columns; those after the first are indented as far as the head goes."""
    if width >= UNLIMITED:
        return [head + text]
    room = max(NARROW, width - len(head))
    lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
    return [head + lines[0], *(" " * len(head) + line for line in lines[1:])]
