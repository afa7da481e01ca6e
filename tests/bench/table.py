"""The table that `make bench` prints."""

from collections.abc import Sequence

from tests.bench.verdict import Settled

HEADINGS = ("figure", "measured", "budget", "floor", "against floor", "verdict", "")


def lines(settled: Sequence[Settled]) -> list[str]:
    """The lines of the table: columns padded, notes last."""
    rows = [HEADINGS, *(_row(one) for one in settled)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(one: Settled) -> tuple[str, ...]:
    figure = one.figure
    notes = [figure.note] if figure.note else []
    if one.before is not None:
        notes.insert(0, f"first {_number(one.before.measured)}")
    return (
        figure.name,
        f"{_number(figure.measured)} {figure.unit}",
        f"{figure.budget} {figure.unit}" if "floor" not in str(figure.budget) else str(figure.budget),
        "" if figure.floor is None else f"{_number(figure.floor)} {figure.unit}",
        figure.against_floor,
        one.verdict,
        "; ".join(notes),
    )


def _number(value: float) -> str:
    """Two decimals below 100 (three below 1), none above: what the noise of such a machine leaves worth reading."""
    if value != value:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"
