"""What a procedure gets as `ar`."""

import logging

import pytest

from linod import BaseRequest


def test_its_words_reach_the_logger_with_arguments_and_the_procedures_own_place(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ar = BaseRequest()
    with caplog.at_level(logging.DEBUG, "lino"):
        ar.debug("Look at %s", 17)
        ar.info("Run %d data checkers on %d %s...", 1, 110, "Vouchers")
        ar.warning("100%")
        ar.error("bad: %r", "x")

    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("DEBUG", "Look at 17"),
        ("INFO", "Run 1 data checkers on 110 Vouchers..."),
        ("WARNING", "100%"),
        ("ERROR", "bad: 'x'"),
    ]
    assert {record.filename for record in caplog.records} == {"test_request.py"}


def test_it_carries_what_it_was_given() -> None:
    logger = logging.getLogger("lino.other")
    ar = BaseRequest(task="row", job={"id": 4711}, user={"username": "robin"}, logger=logger)

    assert (ar.task, ar.job, ar.user, ar.logger) == ("row", {"id": 4711}, {"username": "robin"}, logger)
    assert BaseRequest().logger.name == "lino"


def test_progress_is_handed_on() -> None:
    told: list[tuple[int, int]] = []
    ar = BaseRequest(progress=lambda done, total: told.append((done, total)))
    ar.progress(0, 0)
    ar.progress(3, 110)
    BaseRequest().progress(1, 2)  # nobody listens

    assert told == [(0, 0), (3, 110)]


@pytest.mark.parametrize(
    ("done", "total", "error"),
    [(5, 3, ValueError), (-1, 3, ValueError), (1.5, 3, TypeError), (True, 3, TypeError), (1, "3", TypeError)],
)
def test_a_wrong_progress_is_refused(done: int, total: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        BaseRequest(progress=lambda done, total: None).progress(done, total)
