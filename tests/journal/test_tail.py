"""The last log lines of a job."""

import logging
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from linod.journal import Tail

NOON = datetime(2026, 11, 23, 12, 0, 5, 900_000, UTC).timestamp()


def test_a_line_has_the_local_time_the_level_and_the_text() -> None:
    tail = Tail(ZoneInfo("Europe/Tallinn"))
    tail.add(NOON, logging.INFO, "Run 1 data checkers on 110 Vouchers...")
    tail.add(NOON + 1, logging.WARNING, "two\nlines\n")

    assert tail.text() == "14:00:05 INFO Run 1 data checkers on 110 Vouchers...\n14:00:06 WARNING two\nlines"
    assert (tail.lines, tail.dropped) == (2, 0)


def test_a_job_that_logged_nothing_has_an_empty_text() -> None:
    assert Tail(UTC).text() == ""


def test_the_oldest_lines_go_and_are_counted() -> None:
    tail = Tail(UTC, limit_lines=2)
    for number in range(5):
        tail.add(NOON, logging.INFO, str(number))

    assert tail.text() == "12:00:05 INFO 3\n12:00:05 INFO 4"
    assert (tail.lines, tail.dropped) == (5, 3)


def test_lines_that_nobody_kept_are_counted() -> None:
    tail = Tail(UTC)
    tail.add(NOON, logging.INFO, "kept")
    tail.drop(7)

    assert (tail.lines, tail.dropped) == (8, 7)


def test_of_a_record_longer_than_the_limit_the_end_stays() -> None:
    tail = Tail(UTC, limit_bytes=60)
    tail.add(NOON, logging.INFO, "before")
    tail.add(NOON, logging.ERROR, "Traceback\n" + "õ" * 100 + "\nValueError: bad voucher 17")

    assert tail.text() == "12:00:05 ERROR ... " + "õ" * 6 + "\nValueError: bad voucher 17"
    assert len(tail.text().encode()) <= 60
    assert tail.dropped == 1


def test_what_no_database_stores_is_spelt_out() -> None:
    tail = Tail(UTC)
    tail.add(NOON, logging.INFO, "nul \x00, surrogate \udc80")

    assert tail.text() == "12:00:05 INFO nul \\x00, surrogate \\udc80"


def test_a_time_that_is_none_does_not_cost_the_line() -> None:
    tail = Tail(UTC)
    for time in (float("nan"), float("inf"), 1e300, -1e18):
        tail.add(time, 25, "text")

    assert set(tail.text().splitlines()) == {"--:--:-- Level 25 text"}


@given(
    st.lists(st.tuples(st.floats(), st.integers(), st.text(st.characters(exclude_categories=())))),
    st.integers(1, 10),
    st.integers(1, 200),
)
def test_whatever_is_logged_fits_the_row(records: list[tuple[float, int, str]], lines: int, size: int) -> None:
    tail = Tail(UTC, lines, size)
    for time, level, text in records:
        tail.add(time, level, text)
    text = tail.text()

    assert len(text.encode()) <= size
    assert "\x00" not in text
    assert tail.lines == len(records)
    assert 0 <= tail.dropped <= tail.lines
