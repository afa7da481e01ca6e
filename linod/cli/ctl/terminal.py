"""What the terminal is: its colours and its width."""

import os
import sys

from linod.tables.render import UNLIMITED

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
