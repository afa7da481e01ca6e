"""systemd itself reads the units, and says how much they expose."""

import re
from pathlib import Path

import pytest

from tests.units.unitfile import EXAMPLES, UNITS, analyze, place

SERVICES = ["linod.service", "linod@shop.service"]
SHIPPED = [*SERVICES, "linod.socket", "linod@shop.socket", "linod.target"]


def warnings(directory: Path, *units: str) -> str:
    # The manual pages are the package's, and `man` itself is missing from a small machine.
    done = analyze(directory, "verify", "--man=no", *(f"./{unit}" for unit in units))
    assert done.returncode == 0 or done.stdout
    return done.stdout


def exposure(directory: Path, unit: str) -> float:
    done = analyze(directory, "security", "--offline=true", "--no-pager", f"./{unit}")
    found = re.search(rf"Overall exposure level for {re.escape(unit)}: ([0-9.]+) ", done.stdout)
    assert found, done.stdout
    return float(found[1])


def test_systemd_warns_of_nothing(tmp_path: Path) -> None:
    place(tmp_path)
    assert warnings(tmp_path, *SHIPPED) == ""


def test_systemd_warns_of_a_key_that_it_does_not_know(tmp_path: Path) -> None:
    place(tmp_path)
    file = tmp_path / "linod.service"
    file.write_text(file.read_text().replace("WatchdogSec=", "WatchdogSeconds="))
    assert "WatchdogSeconds" in warnings(tmp_path, "linod.service")


@pytest.mark.parametrize("service", SERVICES)
def test_the_examples_are_drop_ins_that_systemd_takes(tmp_path: Path, service: str) -> None:
    place(tmp_path, {service: [*EXAMPLES.glob("*.conf"), UNITS / "strict.conf"]})
    assert warnings(tmp_path, service) == ""
    assert warnings(tmp_path, "linod-failed@shop.service") == ""


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_shut_in_as_far_as_jobs_allow(tmp_path: Path, service: str) -> None:
    place(tmp_path)
    assert exposure(tmp_path, service) <= 1.5


@pytest.mark.parametrize("service", SERVICES)
def test_a_strict_one_further(tmp_path: Path, service: str) -> None:
    place(tmp_path, {service: [UNITS / "strict.conf"]})
    assert exposure(tmp_path, service) <= 0.6
