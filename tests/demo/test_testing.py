"""`linod.testing`: what authors of plugins find out about their procedures."""

import logging

import pytest

from linod import BaseRequest
from linod.loglevels import LogLevel
from linod.testing import run_procedure


def test_log_progress_and_outcome() -> None:
    def count(ar: BaseRequest) -> None:
        ar.progress(1, 2)
        ar.info("%d of %d", 1, 2)
        logging.getLogger("somebody").warning("else")

    ran = run_procedure(count)
    assert ran.log == ("INFO 1 of 2", "WARNING else")
    assert ran.progress == ((1, 2),)
    assert ran.outcome.state == "succeeded"


def test_records_below_the_level_are_not_made() -> None:
    def talk(ar: BaseRequest) -> None:
        ar.debug("a detail")
        ar.error("an error")

    assert run_procedure(talk, log_level=LogLevel.WARNING).log == ("ERROR an error",)
    assert run_procedure(talk, log_level="DEBUG").log == ("DEBUG a detail", "ERROR an error")


def test_logging_is_put_back_as_it_was() -> None:
    root, lino = logging.getLogger(), logging.getLogger("lino")
    before = (root.level, list(root.handlers), lino.level, lino.propagate)
    run_procedure(lambda ar: None)
    assert (root.level, list(root.handlers), lino.level, lino.propagate) == before


def test_an_exception_is_the_tests_to_see_unless_the_outcome_is_asked_for() -> None:
    def fail(ar: BaseRequest) -> None:
        raise ValueError("bad voucher 17")

    with pytest.raises(ValueError, match="bad voucher 17"):
        run_procedure(fail)
    ran = run_procedure(fail, check=False)
    assert (ran.outcome.state, ran.message) == ("failed", "ValueError: bad voucher 17")
    assert 'raise ValueError("bad voucher 17")' in ran.outcome.traceback


def test_a_coroutine_is_run_to_its_end() -> None:
    async def later(ar: BaseRequest) -> None:
        ar.info("done")

    assert run_procedure(later).log == ("INFO done",)


def test_task_job_and_user_are_what_the_test_gives() -> None:
    def look(ar: BaseRequest) -> None:
        assert ar.job is not None
        ar.info(
            "%s %s %s %s %s", ar.task.start_time, ar.task.every, ar.job["id"], ar.job["attempt"], ar.user["username"]
        )

    ran = run_procedure(look, every=3, start_time="04:00", job={"id": 5}, user={"username": "robin"})
    assert ran.log == ("INFO 04:00:00 3 5 1 robin",)


def test_a_column_that_no_task_has() -> None:
    with pytest.raises(TypeError, match="a task has no column 'evry'; did you mean 'every'"):
        run_procedure(lambda ar: None, evry=3)
