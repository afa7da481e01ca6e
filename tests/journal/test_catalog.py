"""The message catalogue: each event has its entry, systemd's own tools read it, and the fields it names are there."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from linod.journal import Event
from tests.docs.pages import ROOT
from tests.journal.receiver import Receiver
from tests.process.site import Site

SOURCE = ROOT / "packaging" / "linod.catalog"
EVENTS = {event.value: event.name for event in Event if event.value}

PLUGIN = """
import os, select

@background_task(every_unit="never", log_level="DEBUG")
def fine(ar):
    pass

@background_task(every_unit="never")
def boom(ar):
    raise ValueError("voucher 17")

@background_task(every_unit="never")
def careful(ar):
    raise Warning("sold out")

@background_task(every_unit="never")
def long(ar):
    select.select([], [], [])

@background_task(every_unit="never")
def misspelt():
    pass

print("hello")
"""


def entries(text: str) -> dict[str, str]:
    """The entries of a catalogue by their id."""
    parts = re.split(r"(?m)^-- ([0-9a-f]{32})\n", text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def named(entry: str) -> set[str]:
    """The fields that an entry names."""
    return set(re.findall(r"@([A-Z_]+)@", entry))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "s")
    yield made
    made.close()


def compiled(text: str, root: Path) -> dict[str, str]:
    """The entries that systemd's tools read from a catalogue, in a root directory of its own."""
    for name in ("usr/lib/systemd/catalog", "var/lib/systemd/catalog"):
        (root / name).mkdir(parents=True)
    (root / "usr/lib/systemd/catalog/linod.catalog").write_text(text)
    done = subprocess.run(["journalctl", "--update-catalog", "--root", root], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    shown = subprocess.run(["journalctl", "--dump-catalog", "--root", root], capture_output=True, text=True, check=True)
    return {key: entry.strip() for key, entry in entries(shown.stdout).items()}


def test_systemd_reads_each_entry_as_it_was_written(tmp_path: Path) -> None:
    text = SOURCE.read_text()
    written = {key: entry.strip() for key, entry in entries(text).items()}
    assert compiled(text, tmp_path / "right") == written
    stopping = Event.STOPPING.value
    wrong = compiled(text.replace(f"-- {stopping}\n", f"-- {stopping[1:]}\n"), tmp_path / "wrong")
    assert stopping not in wrong and wrong[Event.DONE.value] != written[Event.DONE.value]


def test_each_event_has_an_entry_and_no_other() -> None:
    assert {EVENTS.get(key, key) for key in entries(SOURCE.read_text())} == set(EVENTS.values())


@pytest.mark.parametrize("event", [event for event in Event if event.value], ids=lambda event: event.name)
def test_an_entry_says_what_and_what_now(event: Event) -> None:
    headers, text = entries(SOURCE.read_text())[event.value].split("\n\n", 1)
    fields = dict(line.split(": ", 1) for line in headers.splitlines())
    assert list(fields) == ["Subject", "Defined-By", "Support", "Documentation"]
    assert fields["Defined-By"] == "linod"
    assert set(fields["Documentation"].split()) <= {
        *("man:linod(8)", "man:linod-ctl(1)", "man:linod.toml(5)", "man:systemd-journald.service(8)")
    }
    assert named(fields["Subject"]), "a subject says which site or task"
    assert len(text.strip()) > 60


def test_every_event_is_sent_by_some_module() -> None:
    sources = [path.read_text() for path in (ROOT / "linod").rglob("*.py") if path.name != "events.py"]
    sent = set(re.findall(r"\bEvent\.([A-Z_]+)\b", " ".join(sources)))
    assert set(EVENTS.values()) == sent


def test_records_have_the_fields_that_their_entries_name(site: Site) -> None:
    site.plugin(PLUGIN)
    site.plugin("1 / 0", name="broken")
    site.settings["stop_timeout"] = 0
    with Receiver() as receiver:
        site.process = receiver.start(site.command(), site.environment())
        site.wait_for_message("READY=1")
        for name in ("fine", "boom", "boom", "careful"):
            site.run_now(name)
        assert site.ctl("run-now", "long").returncode == 0
        site.wait_until(lambda: site.jobs("long")[0]["state"] == "running", "job of long")
        assert site.stop() == 0
        receiver.wait_for(lambda record: record["MESSAGE"] == "Done")
        records = [record for record in receiver.records if "MESSAGE_ID" in record]
    catalogue = entries(SOURCE.read_text())
    seen = {EVENTS[record["MESSAGE_ID"]] for record in records}
    assert seen >= {
        *("STARTED", "STOPPING", "DONE", "JOB_STARTED", "JOB_ENDED", "JOB_FAILED", "TASK_DISABLED", "TASK_INSTALLED"),
        *("PLUGIN_FAILED", "PLUGIN_WARNING", "HOST_OUTPUT", "OPERATOR"),
    }
    for record in records:
        missing = named(catalogue[record["MESSAGE_ID"]]) - set(record)
        assert not missing, (record, missing)
