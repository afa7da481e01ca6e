"""Tables as reStructuredText, the form of Lino's pages, and text that is safe to print. Pure."""

from collections.abc import Iterable, Iterator, Sequence

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
    return "\n".join(long_table(headers, [rows], width)) if rows else "No data to display"


def long_table(
    headers: Sequence[str], parts: Iterable[Sequence[Sequence[object]]], width: int = UNLIMITED
) -> Iterator[str]:
    """The lines of a table whose rows come part by part. The first part, which has rows, decides how wide columns are;
    what is wider later is cut for a terminal, and else stands out."""
    widths: list[int] = []
    edge = ""
    for rows in parts:
        cells = [[one_line(value) for value in row] for row in rows]
        if not widths:
            widths = [max(columns(row[i]) for row in [list(headers), *cells]) for i in range(len(headers))]
            _shrink(widths, [columns(header) for header in headers], width - 3 * len(widths) + 1)
            edge, rule = (" ".join(char * (size + 2) for size in widths).rstrip() for char in "=-")
            yield from (edge, _row(headers, widths), rule)
        yield from (_row(row, widths, cut=width < UNLIMITED) for row in cells)
    yield edge


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


def _row(cells: Sequence[str], widths: Sequence[int], cut: bool = True) -> str:
    sizes = widths if cut else [max(size, columns(cell)) for cell, size in zip(cells, widths, strict=True)]
    return " ".join(f" {fitted(cell, size)} " for cell, size in zip(cells, sizes, strict=True)).rstrip()


def fitted(text: str, size: int) -> str:
    """`text` in as many columns of a terminal as `size`, cut or padded."""
    if columns(text) > size:
        while columns(text) > size - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (size - columns(text))
