"""What a preview says: the slots that the runner will plan, and beside them what is unusual."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from linod.cli.ctl.preview import calendar_lines
from linod.preview import LISTED, BadMoment, Preview, Walk, agenda, parse_start, preview
from linod.recurrence import BadRecurrence, Recurrence, plan_after
from linod.tasks import NOTHING_TO_PLAN
from tests.unit.rows import BRUSSELS, HOUR, NOON, UTC_ZONE, local, task
from tests.unit.test_recurrence_properties import INTERVALS, moments, rows, zones

DAY = timedelta(days=1)
RAN = local("2026-11-23 22:44")
APIA: dict[str, Any] = {"start_time": time(0), "time_zone": "Pacific/Apia", "anchor": RAN}
MORNING: dict[str, Any] = {"start_time": time(8), "end_time": time(9), "anchor": RAN}
THIRTIETH: dict[str, Any] = {
    "every_unit": "monthly",
    "start_date": date(2026, 5, 30),
    "start_time": time(4),
    "anchor": RAN,
}


def ahead(count: int = 4, start: str = "", now: datetime = NOON, **columns: Any) -> Preview:
    begin = local(start) if start else now
    return preview(task(**columns), now, BRUSSELS, begin, count)


def shown(found: Preview) -> list[str]:
    """The slots as a line each, then why there are no more."""
    lines = [
        f"{slot.at.astimezone(found.zone):%a %d.%m.%y %H:%M %z} {'; '.join(slot.reasons)}".rstrip()
        for slot in found.slots
    ]
    return [*lines, f"-- {found.end}"] if found.end else lines


@pytest.mark.parametrize(
    ("columns", "start", "expected"),
    [
        (
            {"every_unit": "daily", "start_time": time(2, 30), "anchor": RAN},
            "2026-03-29",
            ["Sun 29.03.26 03:00 +0200 clock goes forward: 02:30 does not exist", "Mon 30.03.26 02:30 +0200"],
        ),
        (
            {"every_unit": "daily", "start_time": time(2, 30), "anchor": RAN},
            "2026-10-25",
            ["Sun 25.10.26 02:30 +0200 clock goes back: the first 02:30", "Mon 26.10.26 02:30 +0100"],
        ),
        (
            {"every_unit": "hourly", "anchor": local("2026-01-01 00:30")},
            "2026-10-25 02:00",
            [
                "Sun 25.10.26 02:30 +0200 clock goes back: the first 02:30",
                "Sun 25.10.26 02:30 +0100 clock goes back: the second 02:30",
            ],
        ),
        (
            {"every_unit": "hourly", "anchor": local("2026-01-01 00:30")},
            "2026-03-29 01:00",
            ["Sun 29.03.26 01:30 +0100", "Sun 29.03.26 03:30 +0200"],
        ),
        (
            {**APIA, "every_unit": "daily", "start_date": date(2011, 12, 1)},
            "2011-12-29 11:00",
            [
                "Sat 31.12.11 00:00 +1400",
                "Sun 01.01.12 00:00 +1400",
            ],
        ),
        (
            {**APIA, "every_unit": "monthly", "start_date": date(2011, 8, 30)},
            "2011-12-01",
            [
                "Sat 31.12.11 00:00 +1400 clock goes forward: 2011-12-30 00:00 does not exist",
                "Mon 30.01.12 00:00 +1400",
            ],
        ),
        (
            {"every_unit": "monthly", "start_date": date(2026, 1, 31), "start_time": time(4), "anchor": RAN},
            "2027-01-15",
            ["Sun 31.01.27 04:00 +0100", "Sun 28.02.27 04:00 +0100 month has no 31st"],
        ),
        (
            {"every_unit": "yearly", "start_date": date(2024, 2, 29), "start_time": time(4), "anchor": RAN},
            "2027-01-01",
            ["Sun 28.02.27 04:00 +0100 month has no 29th", "Tue 29.02.28 04:00 +0100"],
        ),
        (
            {**THIRTIETH, "monday": True},
            "2027-02-02",
            [
                "Mon 01.03.27 04:00 +0100 month has no 30th; the 28th is a Sunday, which is not flagged",
                "Mon 05.04.27 04:00 +0200 the 30th is a Tuesday, which is not flagged",
            ],
        ),
        (
            {"every_unit": "hourly", "start_time": time(8), "end_time": time(9), "anchor": local("2026-11-23 08:00")},
            "",
            ["Wed 25.11.26 08:00 +0100 outside the window until 08:00", "Wed 25.11.26 09:00 +0100"],
        ),
        (
            {"every_unit": "hourly", "every": 12, "friday": True, "anchor": local("2026-11-20 00:00")},
            "",
            ["Fri 27.11.26 00:00 +0100 Thursday is not flagged", "Fri 27.11.26 12:00 +0100"],
        ),
    ],
)  # fmt: skip
def test_what_is_unusual_stands_beside_the_slot(columns: dict[str, Any], start: str, expected: list[str]) -> None:
    assert shown(ahead(len(expected), start, **columns)) == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"every_unit": "daily"}, ["Tue 24.11.26 13:00 +0100 waits for its first run", "Wed 25.11.26 13:00 +0100"]),
        (
            {"every_unit": "daily", "start_time": time(4)},
            ["Wed 25.11.26 04:00 +0100 waits for its first run", "Thu 26.11.26 04:00 +0100"],
        ),
        (
            {"every_unit": "daily", "anchor": RAN, "next_due": NOON - HOUR},
            ["Tue 24.11.26 12:00 +0100 fell due, and has not run yet", "Tue 24.11.26 22:44 +0100"],
        ),
        (
            {**MORNING, "every_unit": "daily", "next_due": NOON - 5 * HOUR},
            ["Wed 25.11.26 08:00 +0100", "Thu 26.11.26 08:00 +0100"],  # the window of its slot has closed
        ),
        ({"every_unit": "never"}, ["-- never: it runs on request only"]),
        ({"every_unit": "once", "start_date": date(2026, 11, 20)}, ["-- once: 2026-11-20 00:00 has passed"]),
        (
            {"every_unit": "once", "start_date": date(2026, 11, 30)},
            ["Mon 30.11.26 00:00 +0100", "-- once: there is no other"],
        ),
        ({"every_unit": "daily", "every": 0}, ["-- impossible: every: must be 1 or more, not 0"]),
        (
            {"every_unit": "hourly", "every": 24, "start_time": time(3), "end_time": time(4), "anchor": NOON,
             "time_zone": "UTC", "next_due": NOTHING_TO_PLAN},
            ["-- impossible: every: this interval steps over each of the next 1000 daily windows"],
        ),
        (
            {"every_unit": "daily", "anchor": RAN, "max_events": 3, "events": 2},
            ["Tue 24.11.26 22:44 +0100", "-- max_events reached"],
        ),
        ({"every_unit": "daily", "anchor": RAN, "max_events": 3, "events": 3}, ["-- max_events reached"]),
        (
            {"every_unit": "daily", "anchor": RAN, "end_date": date(2026, 11, 24)},
            ["Tue 24.11.26 22:44 +0100", "-- end_date 2026-11-24 reached"],
        ),
    ],
)  # fmt: skip
def test_what_a_task_waits_for_and_why_it_ends(columns: dict[str, Any], expected: list[str]) -> None:
    assert shown(ahead(2, **columns)) == expected


def test_max_events_are_counted_up_to_a_later_start() -> None:
    row: dict[str, Any] = {"every_unit": "daily", "anchor": RAN, "max_events": 5, "events": 1}

    assert shown(ahead(9, "2026-11-27", **row)) == ["Fri 27.11.26 22:44 +0100", "-- max_events reached"]
    assert shown(ahead(9, "2027-11-27", **row)) == ["-- max_events reached"]
    far = ahead(1, "2027-01-01", every_unit="secondly", anchor=RAN, max_events=10**6)
    assert far.end == "more than 1000 slots come before that moment; ask for an earlier one"


def test_what_passed_with_an_overdue_slot_is_no_event() -> None:
    row: dict[str, Any] = {"every_unit": "minutely", "anchor": NOON - 99 * DAY, "next_due": NOON - DAY, "max_events": 2}

    assert shown(ahead(9, **row)) == [
        "Mon 23.11.26 13:00 +0100 fell due, and has not run yet",
        "Tue 24.11.26 13:01 +0100",
        "-- max_events reached",
    ]


def test_a_far_start_costs_no_walk_and_keeps_the_grid() -> None:
    found = ahead(2, "2036-11-24", every_unit="secondly", every=7)

    assert all((slot.at - NOON) % timedelta(seconds=7) == timedelta(0) for slot in found.slots)
    assert found.slots[0].at - local("2036-11-24") < timedelta(seconds=7)


def test_a_running_task_goes_on_after_its_job_and_a_disabled_one_says_so() -> None:
    running = ahead(1, every_unit="daily", anchor=RAN, next_due=NOTHING_TO_PLAN, job_id=12)
    off = ahead(1, every_unit="daily", anchor=RAN, next_due=NOON - DAY, disabled=True)

    assert shown(running) == shown(off) == ["Tue 24.11.26 22:44 +0100"]
    assert running.notes == ("runs now, as job 12: the slots come after its end",)
    assert off.notes == ("disabled: it runs on request only; enabled, it would have these slots",)
    assert ahead(1, every_unit="never", requested_at=NOON, requested_by="ada").notes == (
        "requested by ada: runs as soon as possible",
    )


@settings(max_examples=200, deadline=None)
@given(rows(), moments, zones)
def test_a_preview_is_what_the_runner_will_plan(columns: dict[str, Any], now: datetime, zone: Any) -> None:
    """Claim and end by hand what the preview promises: `next_due` becomes its next slot each time."""
    row = task(**columns)
    try:
        Recurrence.of(row)
        promised = [slot for slot, _ in zip(Walk(row, now, zone, now), range(5), strict=False)]
    except BadRecurrence:
        assume(False)
        raise
    for (slot, _), (following, _) in pairwise(promised):
        row = task(**{**columns, "anchor": columns["anchor"] or promised[0][0]})
        assert plan_after(row, slot, slot, zone) == following


@settings(max_examples=150, deadline=None)
@given(rows().filter(lambda columns: columns["every_unit"] in INTERVALS), moments, zones, st.integers(1, 40))
def test_a_calendar_counts_what_a_walk_would_meet(
    columns: dict[str, Any], now: datetime, zone: Any, hours: int
) -> None:
    columns |= {"every_unit": "minutely", "every": columns["every"] % 40 + 1}
    until, row = now + timedelta(hours=hours), task(**columns)
    try:
        walked = []
        for slot, _ in Walk(row, now, zone, now):
            if slot >= until:
                break
            walked.append(slot)
    except BadRecurrence:
        assume(False)
    found = agenda(row, now, zone, now, until)

    assert found.total == len(walked)
    assert [slot.at for slot in found.slots] == (walked if len(walked) <= LISTED else walked[:1])


def test_a_start_is_rfc_3339_or_local() -> None:
    assert parse_start("2026-11-24T03:00:00Z", BRUSSELS) == datetime(2026, 11, 24, 3, tzinfo=UTC)
    assert parse_start(" 2026-11-24 04:00", BRUSSELS) == datetime(2026, 11, 24, 3, tzinfo=UTC)
    assert parse_start("2026-11-24", UTC_ZONE) == datetime(2026, 11, 24, tzinfo=UTC)
    assert parse_start("2026-03-29 02:30", BRUSSELS) == datetime(2026, 3, 29, 1, tzinfo=UTC)  # the end of the gap


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "\0", "x" * 999]
)
def test_another_text_is_no_moment(text: str) -> None:  # fmt: skip
    with pytest.raises(BadMoment, match="is not a moment"):
        parse_start(text, BRUSSELS)


def planned(
    name: str, *slots: str, reasons: str = "", interval: str | None = None, zone: str = "Europe/Brussels"
) -> Any:
    return {
        "task": {"name": name},
        "time_zone": zone,
        "slots": [{"local": f"{slot}+01:00", "reasons": [reasons] if reasons else []} for slot in slots],
        "count": 8640 if interval else len(slots),
        "interval": interval,
    }


def test_a_calendar_is_a_timeline_that_fits_the_terminal() -> None:
    reply = {
        "time_zone": "Europe/Brussels",
        "tasks": [
            planned("b", "2026-11-24T23:00:00", "2026-11-25T11:00:00", zone="Asia/Tokyo"),
            planned(
                "a_task_with_a_name_that_is_far_too_long", "2026-11-24T23:00:01", reasons="month has no 31st; " * 3
            ),
            planned("mail", "2026-11-24T22:00:10", interval="10 seconds"),
        ],
    }
    lines = list(calendar_lines(reply, 80))

    assert lines == [
        "Often",
        "  22:00:10- mail                          every 10 seconds, 8,640 times",
        "Tuesday 2026-11-24",
        "  23:00:00  b                             Asia/Tokyo",
        "  23:00:01  a_task_with_a_name_that_is_…  month has no 31st; month has no 31st;…",
        "Wednesday 2026-11-25",
        "  11:00:00  b                             Asia/Tokyo",
    ]
    assert max(map(len, lines)) <= 80


def test_a_start_in_the_past_shows_nothing_from_before_start_date() -> None:
    row: dict[str, Any] = {"every_unit": "daily", "start_time": time(4), "start_date": date(2026, 11, 23)}
    ran = local("2026-11-23 04:00")
    assert shown(ahead(2, "2026-11-01", anchor=ran, **row)) == ["Mon 23.11.26 04:00 +0100", "Tue 24.11.26 04:00 +0100"]
