"""Tables as reStructuredText, the form of Lino's pages, and text that is safe to print. Pure."""

from collections.abc import Sequence

NARROWEST = 8
"""Columns are not cut below this."""

UNLIMITED = 1 << 20


def safe(text: str) -> str:
    """`text` with control characters shown, not obeyed: what plugins log could else repaint the terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


def one_line(value: object) -> str:
    """A cell: "" for None, Yes and No, only the first line of a text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    lines = safe(str(value)).replace("\t", " ").strip().splitlines()
    return "" if not lines else lines[0].strip() + (" …" if len(lines) > 1 else "")


def table(headers: Sequence[str], rows: Sequence[Sequence[object]], width: int = UNLIMITED) -> str:
    """A table as Lino's pages show them; the widest columns are cut to `width` in all."""
    if not rows:
        return "No data to display"
    cells = [[one_line(value) for value in row] for row in rows]
    widths = [max(columns(row[i]) for row in [list(headers), *cells]) for i in range(len(headers))]
    _shrink(widths, [columns(header) for header in headers], width - 3 * len(widths) + 1)
    frame = [size + 2 for size in widths]
    edge, rule = (" ".join(char * size for size in frame).rstrip() for char in "=-")
    return "\n".join([edge, _row(headers, widths), rule, *(_row(row, widths) for row in cells), edge])


def columns(text: str) -> int:
    """Columns that `text` takes in a terminal."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def _shrink(widths: list[int], least: Sequence[int], room: int) -> None:
    while sum(widths) > room:
        able = [i for i, size in enumerate(widths) if size > max(NARROWEST, least[i])]
        if not able:
            return
        widths[max(able, key=lambda i: widths[i])] -= 1


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return " ".join(f" {fitted(cell, size)} " for cell, size in zip(cells, widths, strict=True)).rstrip()


def fitted(text: str, size: int) -> str:
    """`text` in as many columns of a terminal as `size`, cut or padded."""
    if columns(text) > size:
        while columns(text) > size - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (size - columns(text))
