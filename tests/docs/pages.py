"""The pages of the documentation, taken apart: their fenced blocks and their tables."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: ```python shop.py``` has a language and a file name."""

    language: str
    file: str
    text: str


def blocks(page: Path, language: str = "") -> list[Block]:
    """The fenced blocks of a page in their order, all or those of one language."""
    found = [Block(*match.groups(default="")) for match in FENCE.finditer(page.read_text())]
    return [block for block in found if language in ("", block.language)]


def rows(page: Path, first_heading: str) -> list[list[str]]:
    """The cells of all rows of the page's tables whose first column has this heading."""
    found: list[list[str]] = []
    inside = False
    for line in page.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            inside = False
        elif not inside:
            inside = cells[0] == first_heading
        elif not set(cells[0]) <= {"-"}:
            found.append(cells)
    return found


def code(cell: str) -> str:
    """What stands between backquotes in a cell."""
    match = re.search(r"`([^`]+)`", cell)
    assert match, f"no code in {cell!r}"
    return match.group(1)
