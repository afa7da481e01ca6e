"""A sample of the zones, other ones each day, on the days around their clock changes."""

import os
from datetime import date, time
from random import Random
from zoneinfo import ZoneInfo

import pytest

from tests.zones.oracle import CLOCKS, DAY, change_days, failures, zones

ODD = ("Africa/Cairo", "America/Havana", "Atlantic/Azores", "Australia/Lord_Howe", "Europe/Brussels", "Pacific/Apia")
SEED = os.environ.get("LINOD_TEST_SEED") or str(Random().getrandbits(32))


@pytest.fixture(scope="module")
def changes() -> list[tuple[str, date]]:
    """Clock changes of some zones."""
    names = sorted({*ODD, *Random(SEED).sample(sorted(zones()), 100)})
    return [(name, day) for name in names for day in change_days(ZoneInfo(name))]


@pytest.mark.parametrize("clock", CLOCKS, ids=str)
def test_each_date_has_one_slot_at_its_first_instant(changes: list[tuple[str, date]], clock: time) -> None:
    found = [failure for name, day in changes for failure in failures(name, clock, day - 2 * DAY, day + 2 * DAY)]
    assert found == [], f"to repeat it: LINOD_TEST_SEED={SEED}"


def test_the_sample_is_of_all_zones() -> None:
    names = zones()
    assert len(names) > 300
    assert sum(len(others) for others in names.values()) > 450
    assert set(ODD) <= {name for others in names.values() for name in others}
