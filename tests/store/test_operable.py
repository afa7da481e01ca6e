"""What operators may write into a column."""

from datetime import date, time

import pytest

from linod.errors import BadValue
from linod.loglevels import LogLevel
from linod.models import OPERABLE, BadColumn, parse_column
from linod.tasks import Task


@pytest.mark.parametrize(
    ("column", "given", "value"),
    [
        ("name", "  checkdata ", "checkdata"),
        ("every", "3", 3),
        ("every", 3, 3),
        ("every_unit", "Daily", "daily"),
        ("every_unit", "per_weekday", "weekly"),
        ("positions", "1, -1", "1 -1"),
        ("positions", 1, "1"),
        ("positions", None, ""),
        ("monday", "Yes", True),
        ("monday", "off", False),
        ("monday", 0, False),
        ("disabled", True, True),
        ("max_events", "none", None),
        ("start_date", "2026-11-24", date(2026, 11, 24)),
        ("start_date", "24.11.2026", date(2026, 11, 24)),
        ("start_date", date(2026, 11, 24), date(2026, 11, 24)),
        ("start_time", "4:00", time(4)),
        ("start_time", "23:59:30", time(23, 59, 30)),
        ("end_time", "-", None),
        ("time_zone", "Europe/Brussels", "Europe/Brussels"),
        ("missed", " Skip", "skip"),
        ("missed", "none", None),
        ("log_level", "debug", "DEBUG"),
        ("log_level", 30, "WARNING"),
        ("log_level", LogLevel.ERROR, "ERROR"),
    ],
)
def test_values_are_taken_as_people_and_programs_write_them(column: str, given: object, value: object) -> None:
    parsed = parse_column(column, given)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("column", "given", "reason"),
    [
        ("nmae", "x", "did you mean 'name'"),
        ("next_due", "2026-11-24", "linod itself writes"),
        ("job_id", 1, "linod itself writes"),
        ("every", 0, "from 1"),  # a task that runs every 0 seconds keeps the original's loop busy
        ("every", "-1", "from 1"),
        ("every", True, "whole number"),
        ("every", 1.5, "whole number"),
        ("every", "9" * 5000, "whole number"),
        ("every", 2**31, "whole number"),
        ("every_unit", "dayly", "did you mean 'daily'"),
        ("monday", "maybe", "neither yes nor no"),
        ("monday", 2, "neither yes nor no"),
        ("monday", None, "needs a value"),
        ("name", "", "needs a value"),
        ("name", "x" * 201, "200"),
        ("name", "a\x00b", "printed"),
        ("name", "\udcff", "printed"),
        ("name", ["x"], "not a text"),
        ("positions", "first", "list of positions"),
        ("positions", "0", "list of positions"),
        ("positions", "367", "list of positions"),
        ("start_date", "2026-02-30", "not a date"),
        ("start_date", 20261124.5, "not a date"),
        ("start_time", "25:00", "not a time"),
        ("start_time", "noon", "not a time"),
        ("time_zone", "Europe/Brusels", "did you mean 'Europe/Brussels'"),
        ("time_zone", "../../etc/passwd", "not a time zone"),
        ("missed", "skipp", "did you mean 'skip'"),
        ("log_level", "LOUD", "DEBUG"),
        ("log_level", None, "needs a value"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(column: str, given: object, reason: str) -> None:
    with pytest.raises(BadColumn, match=reason) as caught:
        parse_column(column, given)
    assert isinstance(caught.value, BadValue)
    assert caught.value.column == column
    assert column in str(caught.value)


def test_each_column_is_one_of_a_task() -> None:
    assert set(OPERABLE) <= set(Task._fields)
