"""The queue between those who log and the thread that writes."""

import logging
import threading
import time
from collections.abc import Callable

from linod.journal import Entry, Event, Journal, JournalHandler, Lost
from linod.journal.queue import CHARACTERS


class Pen:
    """A writer that keeps what it writes, and can be held up or break."""

    trouble = ""

    def __init__(self, *, held: bool = False) -> None:
        self.written: list[Entry] = []
        self.error: Exception | None = None
        self.meanwhile: Callable[[], None] = lambda: None
        self.busy = threading.Event()
        self._free = threading.Event()
        if not held:
            self._free.set()

    def write(self, entry: Entry) -> None:
        self.busy.set()
        assert self._free.wait(20)
        if self.error is not None:
            raise self.error
        self.meanwhile()
        self.written.append(entry)

    def go_on(self) -> None:
        self._free.set()

    @property
    def texts(self) -> list[str]:
        return [entry.text for entry in self.written]


def held_up(capacity: int, reserve: int = 10_000) -> tuple[Pen, Journal]:
    """A journal whose writer has taken the record "first" and is stuck with it."""
    pen = Pen(held=True)
    journal = Journal(pen, capacity=capacity, reserve=reserve)
    journal.send(logging.INFO, "first")
    assert pen.busy.wait(20)
    return pen, journal


def test_records_are_written_in_the_order_they_were_sent() -> None:
    pen = Pen()
    journal = Journal(pen)
    for number in range(1000):
        journal.send(logging.INFO, str(number), of_job=number % 2 == 0)

    assert journal.close()
    assert pen.texts == [str(number) for number in range(1000)]


def test_a_record_arrives_as_it_was_sent() -> None:
    pen = Pen()
    journal = Journal(pen)
    journal.send(logging.ERROR, "text", event=Event.TASK_DISABLED, fields={"LINOD_TASK": "x"}, of_job=True)
    journal.close()

    assert pen.written == [Entry(logging.ERROR, "text", Event.TASK_DISABLED, {"LINOD_TASK": "x"}, True)]


def test_a_full_queue_takes_no_lines_of_jobs_but_what_the_daemon_says() -> None:
    pen, journal = held_up(capacity=3)
    for number in range(5):
        journal.send(logging.INFO, f"job {number}", of_job=True)
    journal.send(logging.INFO, "own")

    assert journal.lost == Lost(jobs=2, own=0)
    assert journal.waiting == 4
    pen.go_on()
    assert journal.close()
    assert [text for text in pen.texts if "lost" not in text] == ["first", "job 0", "job 1", "job 2", "own"]


def test_one_warning_says_how_many_records_of_which_were_lost_and_done_stays_last() -> None:
    pen, journal = held_up(capacity=2, reserve=2)
    for number in range(3):
        journal.send(logging.INFO, f"job {number}", of_job=True)
    for number in range(5):
        journal.send(logging.INFO, f"own {number}")
    journal.send_last("Done")
    pen.go_on()
    assert journal.close()

    # Room for four: "job 2" found none, then the four oldest made room: "job 0", "job 1", "own 0" and "own 1".
    assert journal.lost == Lost(jobs=3, own=2)
    *_, report, done = pen.written
    assert pen.texts == ["first", "own 2", "own 3", "own 4", report.text, "Done"]
    assert report.text.startswith("3 log records of jobs and 2 of linod itself were lost: the log was not taken fast")
    assert (report.level, report.event) == (logging.WARNING, Event.RECORDS_LOST)
    assert done.event == Event.DONE


def test_losses_are_reported_once() -> None:
    pen, journal = held_up(capacity=1)
    journal.send(logging.INFO, "job", of_job=True)
    journal.send(logging.INFO, "lost", of_job=True)
    pen.go_on()
    journal.drain()
    journal.send(logging.INFO, "next")
    journal.send(logging.INFO, "after")
    journal.close()

    assert [entry.event for entry in pen.written].count(Event.RECORDS_LOST) == 1


def test_losses_are_reported_while_the_backlog_never_ends() -> None:
    pen, journal = held_up(capacity=1, reserve=9)
    for _ in range(2):
        journal.send(logging.INFO, "job", of_job=True)
    more = iter(range(100))
    pen.meanwhile = lambda: journal.send(logging.INFO, "own") if next(more, None) is not None else None
    pen.go_on()
    while not journal.drain() or journal.waiting:
        pass
    journal.close()

    reports = [number for number, entry in enumerate(pen.written) if entry.event == Event.RECORDS_LOST]
    assert reports == [10]  # after as many as the queue takes, not after all 100


def test_few_but_huge_lines_of_jobs_are_too_many() -> None:
    pen, journal = held_up(capacity=1000)
    for _ in range(10):
        journal.send(logging.INFO, "x" * (CHARACTERS // 4), of_job=True)
    journal.send(logging.INFO, "own")

    assert journal.lost == Lost(jobs=6, own=0)
    pen.go_on()
    assert journal.close()


def test_what_cannot_be_written_is_lost_and_the_next_record_is_not() -> None:
    pen = Pen()
    journal = Journal(pen)
    for error in (OSError("the disk is full"), ValueError("a bug")):
        pen.error = error
        journal.send(logging.INFO, "lost", of_job=True)
        assert journal.drain()
    assert journal.trouble == "ValueError: a bug"
    pen.error = None
    journal.send(logging.INFO, "written")
    journal.close()

    assert journal.trouble == ""
    assert journal.lost == Lost(jobs=2, own=0)
    assert len(pen.written) == 2
    assert "they could not be written (ValueError: a bug)" in pen.texts[0]
    assert pen.texts[1] == "written"


def test_close_gives_up_on_a_writer_that_is_stuck() -> None:
    pen, journal = held_up(capacity=10)
    began = time.monotonic()

    assert not journal.close(timeout=0.1)
    assert time.monotonic() - began < 5
    pen.go_on()


def test_after_the_last_record_nothing_is_written() -> None:
    pen = Pen()
    journal = Journal(pen)
    journal.send_last("Done")
    journal.send(logging.INFO, "too late")

    assert journal.close()
    assert journal.close()
    assert journal.drain()
    assert pen.texts == ["Done"]


def test_records_may_be_sent_by_any_thread_and_none_is_lost() -> None:
    pen = Pen()
    journal = Journal(pen)

    def send() -> None:
        for _ in range(1000):
            journal.send(logging.INFO, "x")

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert journal.close()
    assert len(pen.written) == 4000
    assert journal.waiting == 0


def logger(journal: Journal) -> logging.Logger:
    log = logging.Logger("lino", logging.DEBUG)  # not in the tree of loggers: no other test sees its handler
    log.addHandler(JournalHandler(journal))
    return log


def test_a_logger_s_record_is_one_record_with_its_traceback_event_and_fields() -> None:
    pen = Pen()
    journal = Journal(pen)
    try:
        raise ValueError("bad voucher 17")
    except ValueError:
        extra = {"event": Event.HOST_LOST, "fields": {"LINOD_TASK": "checkdata"}}
        logger(journal).exception("It %s", "failed", extra=extra)
    journal.close()

    (entry,) = pen.written
    assert entry.level == logging.ERROR
    assert entry.text.startswith("It failed\nTraceback (most recent call last):\n")
    assert entry.text.endswith("ValueError: bad voucher 17")
    assert entry.event is Event.HOST_LOST
    assert entry.fields["LINOD_TASK"] == "checkdata"
    assert entry.fields["CODE_FILE"] == __file__


def test_a_log_call_with_wrong_arguments_is_still_written() -> None:
    pen = Pen()
    journal = Journal(pen)
    logger(journal).info("%d jobs", "many")
    journal.close()

    assert pen.texts[0].startswith("%d jobs [TypeError in the log call at ")
