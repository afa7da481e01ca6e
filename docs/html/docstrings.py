"""linod's docstrings for Sphinx: their lists of names, values and errors become lists on the page.

    Run one task.

    task     the row.
    Returns  the job.

A paragraph in which the first line is a word (or several with commas), two blanks and a text is such a list, also
when it is indented; lines that are indented deeper go on with the text above them.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

NAMES = r"(?P<indent> *)(?P<name>[\w*.]+(?:, [\w*.]+)*)"
ENTRY = re.compile(NAMES + r" {2,}(?P<text>\S.*)")
LONG = re.compile(NAMES + r"(?P<text>)")
"""A name that leaves no room for text beside it: in a list, with the text below."""


def rewritten(lines: list[str]) -> list[str]:
    """A docstring, its lists as definition lists of reStructuredText."""
    out: list[str] = []
    margin = -1  # of the list that a line stands in; -1 outside
    above = ""
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        entry = ENTRY.fullmatch(line)
        if margin >= 0 and not entry and _indent(below) > _indent(line) == margin:
            entry = LONG.fullmatch(line)
        if entry and (margin >= 0 or not above.strip()):
            margin = len(entry["indent"])
            out += ["", f"**{entry['name']}**", f"    {_text(entry['text'])}".rstrip()]
        elif margin >= 0 and _indent(line) > margin:
            out.append(f"    {_text(line.strip())}")
        else:
            if margin >= 0 and line:
                out.append("")
            margin = -1
            out.append(_text(line))
        above = line
    return out


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _text(line: str) -> str:
    """A line in which `FILE:LINE` is no address to follow."""
    return re.sub(r"\b(file):(?=\w)", r"\1\\:", line, flags=re.IGNORECASE)


def _process(app: "Sphinx", what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    lines[:] = rewritten(lines)


def _skip(app: "Sphinx", what: str, name: str, obj: object, skip: bool, options: object) -> bool | None:
    """What Python itself writes of the fields of a value says nothing; the class explains them."""
    return True if str(getattr(obj, "__doc__", "")).startswith("Alias for field number") else None


def setup(app: "Sphinx") -> dict[str, bool]:
    app.connect("autodoc-process-docstring", _process)
    app.connect("autodoc-skip-member", _skip)
    return {"parallel_read_safe": True}
