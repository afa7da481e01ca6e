"""Calendar expressions against systemd's own engine, by `systemd-analyze calendar` (Debian's package systemd)."""

import os
import re
import subprocess
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linod.recurrence.checks import WEEKDAYS
from tests.engines.test_cronsim import by_linod, clocks, shown
from tests.unit.rows import BRUSSELS, local
from tests.zones.oracle import changes

ZONES = (
    *("UTC", "Europe/Brussels", "America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "Africa/Cairo"),
    *("America/Havana", "America/St_Johns", "Pacific/Auckland", "Asia/Kathmandu", "Asia/Beirut"),
)
MOMENT = re.compile(r"(?:Next elapse|Iter(?:\.|ation) #\d+): \w{3} (\S+ \S+) UTC")  # 252 and 257 word it differently


def by_systemd(expression: str, zone: ZoneInfo, moment: datetime, count: int) -> list[datetime]:
    """What `OnCalendar=` would have elapsed at."""
    base = f"--base-time=@{moment.timestamp():.0f}"
    done = subprocess.run(
        ["systemd-analyze", "calendar", base, f"--iterations={count}", f"{expression} {zone.key}"],
        env={"PATH": os.environ["PATH"], "TZ": "UTC", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return [datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC) for text in MOMENT.findall(done.stdout)]


def walls(found: list[datetime], zone: ZoneInfo) -> list[datetime]:
    """What the zone's clocks show at these instants."""
    return [moment.astimezone(zone).replace(tzinfo=None, fold=0) for moment in found]


@st.composite
def forms(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A calendar expression, and the row that says the same."""
    clock, weekday = draw(clocks), draw(st.integers(0, 6))
    day, month, position = draw(st.integers(1, 28)), draw(st.integers(1, 12)), draw(st.integers(1, 4))
    flagged, name = {WEEKDAYS[weekday]: True}, WEEKDAYS[weekday][:3].capitalize()
    week = f"{position * 7 - 6:02}..{position * 7:02}"
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("*-*-*", {"every_unit": "daily"}),
        (f"{name} *-*-*", {"every_unit": "weekly", **flagged}),
        (f"*-*-{day:02}", {"every_unit": "monthly", "start_date": date(1988, 1, day)}),
        ("*-*~01", {"every_unit": "monthly", "positions": "-1"}),
        (f"{name} *-*-{week}", {"every_unit": "monthly", "positions": str(position), **flagged}),
        (f"{name} *-*~07/1", {"every_unit": "monthly", "positions": "-1", **flagged}),
        (f"*-{month:02}-{day:02}", {"every_unit": "yearly", "start_date": date(1988, month, day)}),
    ]
    days, columns = draw(st.sampled_from(kinds))
    return f"{days} {clock:%H:%M:%S}", {**columns, "start_time": clock}


@settings(max_examples=60, deadline=None)
@given(forms(), st.sampled_from(ZONES), st.dates(date(2000, 1, 1), date(2036, 1, 1)), st.integers(1, 3000))
def test_calendars_are_the_same_but_for_times_that_a_clock_change_skips(
    form: tuple[str, dict[str, Any]], name: str, day: date, minutes: int
) -> None:
    (expression, columns), zone = form, ZoneInfo(name)
    moment, _ = next(changes(zone, day), (datetime.combine(day, time(0), UTC), None))
    moment -= timedelta(minutes=minutes)
    ours = by_linod(columns, zone, moment, 12)  # one that is yearly meets the day of a clock change each 5 or 6 years
    unmoved = [slot for slot in ours if slot.astimezone(zone).time() == columns["start_time"]]

    assert len(unmoved) >= 8
    # Of a time that is repeated systemd takes the first or the second, by the offset it came from.
    assert walls(by_systemd(expression, zone, moment, 8), zone) == walls(unmoved[:8], zone)


@pytest.mark.parametrize(
    ("expression", "columns", "moment", "systemd", "linod"),
    [
        (
            # A skipped time: systemd leaves the day out, linod runs at the end of the gap.
            "*-*-* 02:30", {"every_unit": "daily", "start_time": time(2, 30)}, "2026-03-28 12:00",
            ["Mon 30.03.26 02:30", "Tue 31.03.26 02:30"], ["Sun 29.03.26 03:00", "Mon 30.03.26 02:30"],
        ),
        (
            # The repeated hour: systemd runs in its first hour only, and two hours pass. linod's hour is an hour.
            "*-*-* *:30", {"every_unit": "hourly", "anchor": local("2026-01-01 00:30")}, "2026-10-25 02:00",
            ["Sun 25.10.26 02:30", "Sun 25.10.26 03:30"], ["Sun 25.10.26 02:30", "Sun 25.10.26 02:30"],
        ),
        (
            # systemd skips the months without a 31st.
            "*-*-31 04:00", {"every_unit": "monthly", "start_date": date(2026, 1, 31), "start_time": time(4)},
            "2026-01-31 12:00",
            ["Tue 31.03.26 04:00", "Sun 31.05.26 04:00"], ["Sat 28.02.26 04:00", "Tue 31.03.26 04:00"],
        ),
        (
            # Each five hours begin anew at midnight.
            "*-*-* 00/5:00", {"every_unit": "hourly", "every": 5, "anchor": local("2026-11-24 00:00")},
            "2026-11-24 16:00",
            ["Tue 24.11.26 20:00", "Wed 25.11.26 00:00"], ["Tue 24.11.26 20:00", "Wed 25.11.26 01:00"],
        ),
    ],
    ids=["gap", "repeated hour", "short month", "five hours"],
)  # fmt: skip
def test_deliberate_differences(
    expression: str, columns: dict[str, Any], moment: str, systemd: list[str], linod: list[str]
) -> None:
    begin = local(moment)

    assert shown(by_systemd(expression, BRUSSELS, begin, 2), BRUSSELS) == systemd
    assert shown(by_linod(columns, BRUSSELS, begin, 2), BRUSSELS) == linod
