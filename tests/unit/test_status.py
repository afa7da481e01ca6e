"""The text of a task's status: the page's words in the page's precedence."""

from datetime import date, time, timedelta
from typing import Any

import pytest

from linod.tasks import NOTHING_TO_PLAN, Task, label, natural, status
from tests.unit.rows import BRUSSELS, HOUR, NOON, local, task

NOW = local("2026-11-23 23:44")
RAN: dict[str, Any] = {"last_start_time": NOW - HOUR, "last_end_time": NOW - HOUR, "anchor": NOW - HOUR}


def test_a_task_is_called_as_the_page_does() -> None:
    assert label(task(1)) == "System task #1 (checkdata)"
    assert label(Task("invoicing.Task", 17, 2, "Make bills", "run")) == "invoicing.Task#2 (Make bills)"


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"every_unit": "daily"}, "Scheduled to run asap"),
        ({"every_unit": "daily", "next_due": NOW}, "Scheduled to run asap"),
        (
            {"every_unit": "daily", "next_due": NOW + timedelta(days=2)},
            "Scheduled to run at 25.11.2026 23:44 (2 days from now)",
        ),
        (
            {"every_unit": "daily", "next_due": local("2026-11-24 22:44"), **RAN},
            "Scheduled to run at 24.11.2026 22:44 (23 hours from now)",
        ),
        ({"every_unit": "daily", "next_due": NOW, **RAN}, "Scheduled to run at 23.11.2026 23:44 (now)"),
        ({"every_unit": "daily", "next_due": NOW - HOUR, **RAN}, "Overdue since 23.11.2026 22:44 (an hour ago)"),
        ({"every_unit": "daily", "start_time": time(4)}, "Scheduled to run at 24.11.2026 04:00 (4 hours from now)"),
        ({"every_unit": "never"}, "Not scheduled"),
        ({"every_unit": "never", "next_due": NOTHING_TO_PLAN}, "Not scheduled"),
        ({"every_unit": "daily", "next_due": NOTHING_TO_PLAN, **RAN}, "Not scheduled"),
        ({"every_unit": "daily", "every": 0}, "Not scheduled (every: must be 1 or more, not 0)"),
        ({"every_unit": "once", "next_due": NOTHING_TO_PLAN}, "Not scheduled (start_date: once needs its day)"),
        ({"every_unit": "once", "start_date": date(2020, 1, 1)}, "Not scheduled"),
        ({"every_unit": "daily", "disabled": True, "next_due": NOW - HOUR}, "Disabled"),
        (
            {"requested_at": NOW - timedelta(seconds=90), "disabled": True},
            "Requested to run asap (since 23.11.2026 23:42 (a minute ago))",
        ),
        (
            {"job_id": 7, "last_start_time": NOW - timedelta(seconds=5), "requested_at": NOW, "disabled": True},
            "Running since 23.11.2026 23:43 (5 seconds ago)",
        ),
        ({"job_id": 7}, "Running since an unknown moment"),
    ],
)
def test_status(columns: dict[str, Any], expected: str) -> None:
    assert status(task(**columns), NOW, BRUSSELS) == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"next_due": NOW}, "Waiting for a free slot since 23.11.2026 23:44 (now)"),
        ({"next_due": NOW - HOUR, **RAN}, "Waiting for a free slot since 23.11.2026 22:44 (an hour ago)"),
        ({"next_due": NOW + HOUR, **RAN}, "Scheduled to run at 24.11.2026 00:44 (an hour from now)"),
        ({"next_due": NOW, "requested_at": NOW}, "Requested to run asap (since 23.11.2026 23:44 (now))"),
        ({"next_due": NOW, "disabled": True}, "Disabled"),
    ],
)
def test_what_is_due_waits_for_a_free_slot(columns: dict[str, Any], expected: str) -> None:
    assert status(task(every_unit="daily", **columns), NOW, BRUSSELS, full=True) == expected


@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        (timedelta(0), "now"),
        (timedelta(seconds=-0.4), "now"),
        (timedelta(seconds=1), "a second from now"),
        (timedelta(minutes=-1), "a minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes from now"),
        (timedelta(hours=1), "an hour from now"),
        (timedelta(days=1), "1 day from now"),
        (timedelta(days=-1, hours=-5), "1 day, 5 hours ago"),
        (timedelta(days=9), "1 week, 2 days from now"),
        (timedelta(days=8, hours=3), "1 week, 1 day from now"),
        (timedelta(days=365 * 11 + 190), "11 years, 6 months from now"),
    ],
)
def test_natural(distance: timedelta, expected: str) -> None:
    assert natural(NOON + distance, NOON) == expected
