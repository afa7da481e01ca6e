"""What the units say, and that linod means the same."""

import inspect
import re

import pytest

from linod.control.peer import operators
from linod.errors import ConfigurationError
from linod.settings.loading import CREDENTIAL
from linod.settings.sites import SYSTEM_RUNTIME, SYSTEM_STATE, control_path
from linod.store import Store
from tests.units.unitfile import UNITS, read

INSTANCE = [
    # What the unit of a named site has instead, in the order of its lines.
    ("Description=Background tasks", "Description=Background tasks of the site %i"),
    ("linod.socket", "linod@%i.socket"),
    ("ExecStart=/usr/bin/linod\n", "ExecStart=/usr/bin/linod --site %i\n"),
    ("/usr/bin/linod-ctl reload", "/usr/bin/linod-ctl --site %i reload"),
    ("Directory=linod/linod\n", "Directory=linod/%i\n"),
    ("/run/linod/linod/", "/run/linod/%i/"),
    ("LoadCredential=linod.database-url\n", "LoadCredential=linod.database-url:linod.%i.database-url\n"),
    ("/etc/credstore/linod.database-url", "/etc/credstore/linod.%i.database-url"),
]

NAMED = [("linod.service", "linod"), ("linod@.service", "%i")]


@pytest.mark.parametrize("kind", ["service", "socket"])
def test_the_unit_of_a_named_site_is_that_of_the_first_but_for_its_name(kind: str) -> None:
    text = (UNITS / f"linod.{kind}").read_text()
    for first, named in INSTANCE:
        text = text.replace(first, named)

    assert (UNITS / f"linod@.{kind}").read_text() == text


DIRECTIVES = {
    "Type": "notify",
    "NotifyAccess": "main",
    "KillMode": "mixed",
    "OOMPolicy": "continue",
    "Delegate": "yes",
    "Restart": "on-failure",
    "RestartSec": "100ms",
    "RuntimeDirectoryPreserve": "yes",
    "ProcSubset": "all",
    "ProtectHome": "read-only",
    "ProtectControlGroups": "no",  # the delegated groups would be read-only
    "PrivateUsers": "no",  # the caller's uid would be 65534
    "LogRateLimitBurst": "1000000",
    "User": "linod",
}


@pytest.mark.parametrize(("name", "site"), NAMED)
def test_the_design_is_in_the_service(name: str, site: str) -> None:
    service = read(name)["Service"]

    assert {key: service[key] for key in DIRECTIVES} == {key: [value] for key, value in DIRECTIVES.items()}
    assert service["RuntimeDirectory"] == service["StateDirectory"] == [f"linod/{site}"]


def test_no_directory_above_a_sites_own_is_a_units() -> None:
    """The first unit that stops would remove the sockets of all sites."""
    owned = [value for name, _ in NAMED for value in read(name)["Service"]["RuntimeDirectory"]]
    assert [value for value in owned if value.count("/") != 1] == []


def test_the_directories_and_the_socket_are_where_linod_looks() -> None:
    for name, site in NAMED:
        assert SYSTEM_STATE / site == SYSTEM_STATE.parent / read(name)["Service"]["StateDirectory"][0]
        assert SYSTEM_RUNTIME / site == SYSTEM_RUNTIME.parent / read(name)["Service"]["RuntimeDirectory"][0]
    sockets = read("linod.socket")["Socket"]["ListenStream"]
    assert sockets == [str(path) for path in control_path(None, {}, uid=0)]


def test_the_group_that_may_operate_owns_the_socket() -> None:
    group = inspect.signature(operators).parameters["group"].default
    for name in ("linod.socket", "linod@.socket"):
        socket = read(name)["Socket"]
        assert (socket["SocketGroup"], socket["SocketMode"], socket["RemoveOnStop"]) == ([group], ["0660"], ["yes"])
    assert all(read(name)["Service"]["Group"] == [group] for name, _ in NAMED)  # else systemd changes the socket's


def test_the_credential_is_the_one_that_linod_reads_and_need_not_be_there() -> None:
    """A name without a slash is looked for in the credential stores, and not missed (systemd.exec(5))."""
    assert read("linod.service")["Service"]["LoadCredential"] == [CREDENTIAL]
    identifier, _, source = read("linod@.service")["Service"]["LoadCredential"][0].partition(":")
    assert identifier == CREDENTIAL
    assert "%i" in source  # two sites do not share a database
    assert "/" not in source


def test_a_wrong_configuration_is_not_tried_again() -> None:
    assert read("linod.service")["Service"]["RestartPreventExitStatus"] == [str(ConfigurationError.exit_code)]


def test_the_watchdog_waits_three_times_as_long_as_a_busy_database() -> None:
    busy = inspect.signature(Store).parameters["busy_timeout"].default / 1000
    assert busy < seconds(read("linod.service")["Service"]["WatchdogSec"][0]) / 3


def test_the_start_limit_ends_a_daemon_that_cannot_start() -> None:
    """A failed start takes about half a second, with RestartSec=: so many of them must fit into the interval."""
    unit, service = read("linod.service")["Unit"], read("linod.service")["Service"]
    tries = int(unit["StartLimitBurst"][0])
    assert tries * (0.5 + seconds(service["RestartSec"][0])) < seconds(unit["StartLimitIntervalSec"][0])
    assert tries > 10  # ten crashes in a row, each answered, are no reason to give up


def test_the_service_needs_its_socket_and_belongs_to_the_target() -> None:
    for name, socket in (("linod.service", "linod.socket"), ("linod@.service", "linod@%i.socket")):
        unit = read(name)
        assert unit["Unit"]["Requires"] == [socket]
        assert socket in unit["Unit"]["After"][0].split()
        assert unit["Unit"]["PartOf"] == unit["Install"]["WantedBy"] == ["linod.target"]


def seconds(span: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(ms|s)", span).groups()  # type: ignore[union-attr]
    return int(number) / {"ms": 1000, "s": 1}[unit]
