"""The machine's time zone."""

from pathlib import Path

import pytest

from linod.settings.zones import check_zone, machine_zone


@pytest.fixture
def tallinn(tmp_path: Path) -> Path:
    """An /etc/localtime of a machine in Tallinn."""
    zone = tmp_path / "zoneinfo" / "Europe" / "Tallinn"
    zone.parent.mkdir(parents=True)
    zone.touch()
    link = tmp_path / "localtime"
    link.symlink_to(zone)
    return link


def test_the_link_names_the_zone(tallinn: Path) -> None:
    assert machine_zone({}, tallinn) == ("Europe/Tallinn", None)


def test_a_link_to_the_link_does_too(tallinn: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("localtime")

    assert machine_zone({}, link) == ("Europe/Tallinn", None)


def test_a_machine_without_the_file_runs_on_utc(tmp_path: Path) -> None:
    assert machine_zone({}, tmp_path / "localtime") == ("UTC", None)


def test_a_copy_has_no_name_and_that_is_said(tmp_path: Path) -> None:
    copy = tmp_path / "localtime"
    copy.touch()

    zone, warning = machine_zone({}, copy)

    assert zone == "UTC"
    assert warning == f"{copy} does not tell the zone's name; linod uses UTC; set time_zone"


@pytest.mark.parametrize("tz", ["Europe/Rome", ":Europe/Rome", "/usr/share/zoneinfo/Europe/Rome"])
def test_tz_wins(tallinn: Path, tz: str) -> None:
    assert machine_zone({"TZ": tz}, tallinn) == ("Europe/Rome", None)


def test_an_empty_tz_is_utc(tallinn: Path) -> None:
    assert machine_zone({"TZ": ""}, tallinn) == ("UTC", None)


def test_a_tz_that_names_localtime_is_none(tallinn: Path) -> None:
    assert machine_zone({"TZ": f":{tallinn}"}, tallinn) == ("Europe/Tallinn", None)


def test_a_tz_that_is_a_rule_is_not_used_and_that_is_said(tallinn: Path) -> None:
    zone, warning = machine_zone({"TZ": "XYZ-2XYT,M3.5.0/3,M10.5.0/4"}, tallinn)

    assert zone == "Europe/Tallinn"
    assert warning is not None and "names no zone" in warning


@pytest.mark.parametrize("name", ["", "Europe", "/etc/localtime", "../x", "a\0b", "\udcff", "x" * 5000])
def test_what_is_no_zone_raises_value_error_only(name: str) -> None:
    with pytest.raises(ValueError, match="unknown time zone"):
        check_zone(name)
