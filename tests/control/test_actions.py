"""The log of each action: who, what, with which result, how long."""

import logging
import os
import re
from collections.abc import Iterator

import pytest

from linod.control.actions import LONGEST
from linod.control.client import CallFailed, Client
from linod.control.methods import handlers
from tests.control.daemon import Daemon

WHO = f"root (uid {os.getuid()}, gid {os.getgid()}) asked for "

Records = list[logging.LogRecord]


class Listener(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: Records = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def records(daemon: Daemon) -> Iterator[Records]:
    """What is logged, by a daemon whose site wants each action in the log."""
    daemon.place.stop()
    daemon.serve(log_each=True)
    log, listener = logging.getLogger("lino"), Listener()
    level = log.level
    log.addHandler(listener)
    log.setLevel(logging.INFO)
    yield listener.records
    log.setLevel(level)
    log.removeHandler(listener)


@pytest.fixture
def operator(daemon: Daemon, records: Records) -> Iterator[Client]:
    with daemon.place.client() as client:
        yield client


def texts(records: Records) -> list[str]:
    """What was said, but for how long it took."""
    parts = [re.fullmatch(r"(?s)(.*) after \d+\.\d{3} seconds", record.getMessage()) for record in records]
    return [part[1] for part in parts if part]


def test_an_action_that_has_ended_is_logged_also_one_that_changes_nothing(operator: Client, records: Records) -> None:
    assert operator.call("Enable", task="checkdata")["changed"] is False
    operator.call("ListTasks")
    assert texts(records) == [WHO + 'Enable {"task": "checkdata"}: done']
    fields = {"LINOD_ACTION": "Enable", "LINOD_UID": str(os.getuid()), "LINOD_USER": "root"}
    assert records[0].__dict__["fields"] == fields


def test_a_refused_one_is_logged_with_the_reason(operator: Client, records: Records) -> None:
    for task in ("chekdata", 7):
        with pytest.raises(CallFailed):
            operator.call("Disable", task=task)
    assert texts(records) == [
        WHO + 'Disable {"task": "chekdata"}: refused (NoSuchTask)',
        WHO + 'Disable {"task": 7}: refused (InvalidParameter)',
    ]


def test_who_may_not_operate_is_logged(daemon: Daemon, records: Records) -> None:
    daemon.place.stop()
    daemon.place.serve(handlers(daemon), lambda peer: False, log_each=True)
    with daemon.place.client() as stranger, pytest.raises(CallFailed):
        stranger.call("Enable", task="checkdata")
    assert texts(records) == [WHO + 'Enable {"task": "checkdata"}: refused (PermissionDenied)']


def test_a_caller_that_went_away_is_logged(daemon: Daemon, records: Records) -> None:
    with daemon.place.wire() as wire:
        wire.ask("RunNow", task="checkdata", wait=True)
        daemon.place.loop.until(lambda: bool(daemon.running()))
    daemon.place.loop.until(lambda: bool(texts(records)))
    assert texts(records) == [WHO + 'RunNow {"task": "checkdata", "wait": true}: broken off']


def test_long_parameters_are_cut(operator: Client, records: Records) -> None:
    with pytest.raises(CallFailed):
        operator.call("Enable", task="x" * 100_000)
    (text,) = texts(records)
    assert text.endswith("xxx... (100012 characters): refused (NoSuchTask)")
    assert len(text) < LONGEST + 200
