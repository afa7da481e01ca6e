"""Under systemd: native journal records, read by a real receiver on journald's own socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from linod.journal import Event
from tests.journal.receiver import Receiver
from tests.process.site import Site

PLUGIN = """
@background_task(every_unit="never")
def talks(ar):
    ar.info("first line\\nsecond line")
    ar.warning("careful")

@background_task(every_unit="never", log_level="DEBUG")
def chatty(ar):
    ar.debug("details")

@background_task(every_unit="never")
def boom(ar):
    raise ValueError("voucher 17")
"""


FLOOD = """
@background_task(every_unit="never")
def floods(ar):
    for number in range(10_050):
        ar.info(f"line {number}")
"""


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


def test_records_have_their_level_fields_and_message_id(site: Site, receiver: Receiver) -> None:
    site.plugin(PLUGIN)
    site.process = receiver.start(site.command(), site.environment())
    site.wait_for_control()
    site.wait_for_message("READY=1")
    job = site.run_now("talks")["id"]
    site.run_now("chatty")
    site.run_now("boom")
    assert site.stop() == 0

    receiver.wait_for(lambda record: record.get("MESSAGE") == "Done")
    records = receiver.records
    line = next(r for r in records if r["MESSAGE"] == "first line\nsecond line")
    assert line["PRIORITY"] == "6" and line["SYSLOG_IDENTIFIER"] == "linod" and line["LINOD_SITE"] == "s"
    assert (line["LINOD_TASK"], line["LINOD_JOB"], line["LINOD_KIND"]) == ("talks", str(job), "linod.SystemTask")
    assert (line["LINOD_PROCEDURE"], line["LINOD_TASK_ID"]) == ("talks", str(site_id(records, "talks")))
    assert next(r for r in records if r["MESSAGE"] == "careful")["PRIORITY"] == "4"
    assert next(r for r in records if r["MESSAGE"] == "details")["PRIORITY"] == "7"

    disabled = [r for r in records if r.get("MESSAGE_ID") == Event.TASK_DISABLED.value]
    assert len(disabled) == 1 and disabled[0]["PRIORITY"] == "3" and disabled[0]["LINOD_OUTCOME"] == "failed"
    assert "Traceback" in disabled[0]["MESSAGE"] and "linod-ctl --site s enable boom" in disabled[0]["MESSAGE"]
    ended = [r for r in records if r.get("MESSAGE_ID") == Event.JOB_ENDED.value]
    assert {r["LINOD_OUTCOME"] for r in ended} == {"succeeded"}
    assert records[-1]["MESSAGE"] == "Done" and [r["MESSAGE"] for r in records].count("Done") == 1
    assert receiver.stderr.read_text() == ""  # nothing is said twice


def site_id(records: list[dict[str, str]], name: str) -> str:
    """The id of a task, as another record about it says."""
    return next(r["LINOD_TASK_ID"] for r in records if r.get("LINOD_TASK") == name)


def test_what_a_job_logged_past_its_limit_is_counted_in_the_journal_and_in_its_row(
    site: Site, receiver: Receiver
) -> None:
    site.plugin(FLOOD)
    site.process = receiver.start(site.command(), site.environment())
    site.wait_for_control()
    site.wait_for_message("READY=1")
    job = site.run_now("floods")
    assert site.stop() == 0

    receiver.wait_for(lambda record: record.get("MESSAGE") == "Done")
    texts = [record["MESSAGE"] for record in receiver.records if record.get("LINOD_JOB") == str(job["id"])]
    lines = [text for text in texts if text.startswith("line ")]
    assert lines == [f"line {number}" for number in range(10_000)]
    told = "50 further records were dropped"
    assert [text for text in texts if told in text] == [texts[texts.index("line 9999") + 1]]
    assert told in job["log"].splitlines()[-1]
    assert job["log_lines"] == 10_000 + 50 + 1  # with that record itself
    assert job["log_dropped"] == job["log_lines"] - len(job["log"].splitlines())
