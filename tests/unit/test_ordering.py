"""The order of a list that people number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linod.ordering import copy_name, places, renumbered

ABC = [(11, 1), (22, 2), (33, 3)]


@pytest.mark.parametrize(
    ("by", "place", "numbers"),
    [
        (-1, 0, {22: 1, 11: 2}),
        (1, 2, {22: 3, 33: 2}),
        (-9, 0, {22: 1, 11: 2}),
        (2**62, 2, {22: 3, 33: 2}),
        (0, 1, {}),
    ],
)
def test_a_row_is_moved(by: int, place: int, numbers: dict[int, int]) -> None:
    assert places(ABC, 22, by) == (1, place)
    assert renumbered(ABC, 22, place) == numbers


def test_gaps_and_twins_go() -> None:
    assert renumbered([(1, 4), (2, 4), (3, 9)], 2, 0) == {2: 1, 1: 2, 3: 3}


def test_a_row_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="44"):
        places(ABC, 44, 1)


@given(st.lists(st.integers(0, 9), min_size=1), st.data())
def test_all_are_numbered_and_only_one_has_moved(numbers: list[int], data: st.DataObject) -> None:
    rows = list(enumerate(sorted(numbers)))
    which = data.draw(st.integers(0, len(rows) - 1))
    place = data.draw(st.integers(0, len(rows) - 1))
    after = {**dict(rows), **renumbered(rows, which, place)}
    assert sorted(after.values()) == list(range(1, len(rows) + 1))
    assert after[which] == place + 1
    others = sorted((one for one in after if one != which), key=lambda one: after[one])
    assert others == [one for one, _ in rows if one != which]


def test_a_copy_has_a_name_of_its_own() -> None:
    def called(name: str, *taken: str, longest: int = 200) -> str:
        return copy_name(name, longest, taken.__contains__)

    assert called("checkdata") == "checkdata (copy)"
    assert called("checkdata (copy)", "checkdata (copy)") == "checkdata (copy 2)"
    assert called("checkdata (copy 2)", "checkdata (copy)", "checkdata (copy 2)") == "checkdata (copy 3)"
    assert called("x" * 20, longest=20) == "x" * 13 + " (copy)"
