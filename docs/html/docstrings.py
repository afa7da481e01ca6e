"""linod's docstrings for Sphinx: their lists of names, values and errors become lists on the page.

    Run one task.

    task     the row.
    Returns  the job.

A paragraph in which the first line is a word (or several with commas), two blanks and a text is such a list; lines that
are indented go on with the text above them.
"""

import re

from sphinx.application import Sphinx

ENTRY = re.compile(r"(?P<name>[\w*.]+(?:, [\w*.]+)*) {2,}(?P<text>\S.*)")


def rewritten(lines: list[str]) -> list[str]:
    """A docstring, its lists as definition lists of reStructuredText."""
    out: list[str] = []
    inside = False
    for above, line in zip(["", *lines], lines, strict=False):
        entry = ENTRY.fullmatch(line)
        if entry and (inside or not above.strip()):
            inside = True
            out += ["", f"**{entry['name']}**", f"    {entry['text']}"]
        elif inside and line[:1] in ("", " "):
            inside = bool(line)
            out.append(f"    {line.strip()}".rstrip())
        else:
            if inside:
                out.append("")
            inside = False
            out.append(line)
    return out


def _process(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    lines[:] = rewritten(lines)


def _skip(app: Sphinx, what: str, name: str, obj: object, skip: bool, options: object) -> bool | None:
    """What Python itself writes of the fields of a value says nothing; the class explains them."""
    return True if str(getattr(obj, "__doc__", "")).startswith("Alias for field number") else None


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", _process)
    app.connect("autodoc-skip-member", _skip)
    return {"parallel_read_safe": True}
