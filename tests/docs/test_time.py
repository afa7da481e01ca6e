"""The page about time is computed by the program, and names what there is."""

import re

from linod.recurrence.checks import SCHEDULE, UNITS, WEEKDAYS
from tests.docs.pages import blocks, rows
from tests.docs.time_blocks import PAGE, rewritten


def test_every_block_is_what_linod_computes() -> None:
    assert len(blocks(PAGE, "time")) >= 20
    assert rewritten(PAGE.read_text()) == PAGE.read_text(), "run python -m tests.docs.time_blocks"


def test_every_unit_and_every_column_is_explained() -> None:
    named = [word for cells in rows(PAGE, "every_unit") for word in re.findall(r"`(\w+)`", cells[0])]
    assert sorted(named) == sorted(UNITS)

    headings = " ".join(re.findall(r"^### (.*)$", PAGE.read_text(), re.MULTILINE)).replace("..", " ".join(WEEKDAYS))
    assert set(SCHEDULE) <= set(re.findall(r"\w+", headings))
