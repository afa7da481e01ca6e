"""What is claimed in which order, and how long the loop sleeps."""

from datetime import timedelta

import pytest

from linod.schedule import claim_order, is_fresh, sleep_seconds
from linod.tasks import NOTHING_TO_PLAN, Task
from tests.unit.rows import HOUR, NOON, task


def test_a_request_goes_before_a_slot_that_fell_due_earlier() -> None:
    overdue = task(1, next_due=NOON - HOUR)
    asked = task(2, requested_at=NOON)

    assert claim_order([asked], [overdue, asked], free=2) == (asked, overdue)  # and not asked twice


def test_requests_go_by_their_moment_and_slots_by_due_time_then_number() -> None:
    late, early = task(1, requested_at=NOON), task(2, requested_at=NOON - HOUR, disabled=True)
    second, third, first = (task(n, next_due=NOON - due) for n, due in ((4, HOUR), (5, HOUR), (6, 2 * HOUR)))

    assert claim_order([late, early], [third, second, first], free=9) == (early, late, first, second, third)


def test_the_kind_is_part_of_which_task_it_is() -> None:
    system, invoicing = task(1, next_due=NOON), Task("invoicing.Task", 1, 2, "x", "x", requested_at=NOON)

    assert claim_order([invoicing], [system], free=2) == (invoicing, system)


@pytest.mark.parametrize("free", [0, 1, 2])
def test_no_more_than_the_free_slots(free: int) -> None:
    due = [task(n, next_due=NOON) for n in (1, 2, 3)]

    assert claim_order([], due, free) == tuple(due[:free])


def test_a_task_with_a_job_is_not_claimed_again() -> None:
    assert claim_order([task(1, requested_at=NOON, job_id=7)], [task(2, next_due=NOON, job_id=8)], free=2) == ()


def test_a_negative_number_of_slots_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="-1"):
        claim_order([], [], free=-1)


@pytest.mark.parametrize(
    ("due_in", "expected"),
    [(None, 5), (timedelta(hours=1), 5), (timedelta(seconds=1.5), 1.5), (timedelta(0), 0), (-HOUR, 0)],
)
def test_the_loop_sleeps_to_the_next_slot_but_never_longer_than_a_poll(
    due_in: timedelta | None, expected: float
) -> None:
    assert sleep_seconds(NOON, None if due_in is None else NOON + due_in, poll=5) == expected


def test_with_nothing_to_plan_the_loop_still_polls() -> None:
    assert sleep_seconds(NOON, NOTHING_TO_PLAN, poll=5) == 5


def test_late_work_and_fresh_work_take_turns() -> None:
    late = [task(n, next_due=NOON - HOUR * (20 - n)) for n in range(1, 9)]
    fresh = [task(n, next_due=NOON) for n in (11, 12)]

    assert claim_order([], late, 4, fresh) == (late[0], fresh[0], late[1], fresh[1])
    assert claim_order([], late, 3, fresh, fresh_first=True) == (fresh[0], late[0], fresh[1])
    assert claim_order([], late, 5, fresh[:1]) == (late[0], fresh[0], *late[1:4])
    assert claim_order([], fresh, 2, fresh) == tuple(fresh)  # what is both comes once


def test_a_slot_is_fresh_for_a_minute() -> None:
    assert is_fresh(NOON, NOON) and is_fresh(NOON - timedelta(seconds=59), NOON)
    assert not is_fresh(NOON - timedelta(seconds=60), NOON)
