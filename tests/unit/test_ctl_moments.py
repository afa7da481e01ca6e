"""Moments as people type them: those of the page about journalctl, in the zone of the terminal."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import typer

from linod.cli.ctl.moments import parse, wire_moment

NOW = datetime(2026, 11, 24, 2, 30, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def brussels(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Brussels")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-24 03:00", datetime(2026, 11, 24, 2, 0)),
        ("2026-11-24 03:00:05", datetime(2026, 11, 24, 2, 0, 5)),
        ("2026-07-24T03:00", datetime(2026, 7, 24, 1, 0)),
        ("2026-11-24", datetime(2026, 11, 23, 23, 0)),
        ("2026-11-24T03:00:00Z", datetime(2026, 11, 24, 3, 0)),
        ("2026-11-24 03:00:00+05:00", datetime(2026, 11, 23, 22, 0)),
        ("03:00", datetime(2026, 11, 24, 2, 0)),
        ("23:59:59", datetime(2026, 11, 24, 22, 59, 59)),
        ("now", datetime(2026, 11, 24, 2, 30, 15)),
        ("today", datetime(2026, 11, 23, 23, 0)),
        (" yesterday ", datetime(2026, 11, 22, 23, 0)),
        ("tomorrow", datetime(2026, 11, 24, 23, 0)),
        ("-2h", datetime(2026, 11, 24, 0, 30, 15)),
        ("+5min", datetime(2026, 11, 24, 2, 35, 15)),
        ("2 hours ago", datetime(2026, 11, 24, 0, 30, 15)),
        ("1h 30min ago", datetime(2026, 11, 24, 1, 0, 15)),
        ("-1d", datetime(2026, 11, 23, 2, 30, 15)),
        ("@1790000000", datetime(2026, 9, 21, 14, 13, 20)),
    ],
)
def test_a_moment(text: str, moment: datetime) -> None:
    assert parse(text, NOW) == moment.replace(tzinfo=UTC)


def test_days_begin_at_midnight_also_where_the_clock_goes_back() -> None:
    assert parse("today", datetime(2026, 10, 25, 20, 0, tzinfo=UTC)) == datetime(2026, 10, 24, 22, 0, tzinfo=UTC)
    assert parse("yesterday", datetime(2026, 10, 26, 2, 0, tzinfo=UTC)) == datetime(2026, 10, 24, 22, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["soon", "-", "+", "-2x", "25:00", "2026-13-01", "ago", " ago", "@", "-99999999999999999d", "3"]
)
def test_no_moment(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a moment such as"):
        wire_moment("--since", text)


def test_the_wire_has_it_in_utc() -> None:
    assert wire_moment("--since", "") is None
    assert wire_moment("--since", "2026-11-24 03:00") == "2026-11-24T02:00:00+00:00"
    found = wire_moment("--since", "-1h")
    assert found is not None and found.endswith("+00:00")
    assert timedelta(minutes=59) < datetime.now(UTC) - datetime.fromisoformat(found)
