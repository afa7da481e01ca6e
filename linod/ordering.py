"""The order of a list that people number: where a row comes to stand, and which numbers that changes. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import count

Numbered = tuple[int, int]
"""The id of a row and its number; a list of them is in the order that people see."""


def places(rows: Sequence[Numbered], which: int, by: int) -> tuple[int, int]:
    """Where a row stands, from 0, and where it comes to stand when it is moved.

    by      places, down when positive; the ends of the list stop it.
    Raises  ValueError when there is no row with the id `which`.
    """
    place = _ids(rows).index(which)
    return place, max(0, min(place + by, len(rows) - 1))


def renumbered(rows: Sequence[Numbered], which: int, place: int) -> Mapping[int, int]:
    """The numbers of a list that is to be 1, 2, 3, ... with the row `which` at `place`, counted from 0.

    Returns  id -> number, of those that have another number now. Gaps and twins go, whatever made them.
    Source   Lino renumbers all siblings after a move.
    """
    ids = _ids(rows)
    ids.remove(which)
    ids.insert(place, which)
    before = dict(rows)
    return {one: number for number, one in enumerate(ids, 1) if before[one] != number}


def copy_name(name: str, longest: int, taken: Callable[[str], object]) -> str:
    """A name for a copy that nobody has: "checkdata (copy)", "checkdata (copy 2)". A name of two tasks fits neither.

    longest  characters that the column holds.
    taken    says of a name whether somebody has it.
    """
    stem = re.sub(r" \(copy( \d+)?\)$", "", name)
    endings = (f" (copy {number})" if number > 1 else " (copy)" for number in count(1))
    names = (stem[: longest - len(ending)] + ending for ending in endings)
    return next(found for found in names if not taken(found))


def _ids(rows: Sequence[Numbered]) -> list[int]:
    return [row[0] for row in rows]
