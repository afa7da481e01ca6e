"""`SystemTask.run(ar)`: in a job a part of it, elsewhere a job of its own in this process."""

import logging
import signal
from collections.abc import Iterator
from pathlib import Path

import peewee
import pytest

from linod import models
from linod.clock import SystemClock
from linod.errors import BadValue, Busy, ConfigurationError, LinodError
from linod.foreground import Place, request, running, serving
from linod.foreground.place import from_wire, to_wire
from linod.host import calling
from linod.jobs import Job
from linod.lock import DatabaseLock
from linod.models import SystemTask
from linod.models import procedures as fields
from linod.models.requests import user_name
from linod.procedures import Procedure, Procedures, registry
from linod.request import BaseRequest
from linod.store import Store
from linod.testing import run_procedure
from linod.users import User

ran: list[str] = []


def hello(ar: BaseRequest) -> None:
    ar.info("hello from %s as %s", ar.task.name, ar.user and ar.user["username"])
    ran.append(ar.logger.name)


def whom(ar: BaseRequest) -> None:
    ar.info("for %s, asked by %s", ar.user, ar.request_user)


def broken(ar: BaseRequest) -> None:
    raise ValueError("bad voucher 17")


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Procedures()
    for function in (hello, whom, broken):
        known.add(Procedure(function.__name__, "test", function, defaults={"every_unit": "daily"}))
    for module in (registry, calling, running):
        monkeypatch.setattr(module, "procedures", known)
    ran.clear()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place("books", f"sqlite:///{tmp_path / 'linod.sqlite'}", "Europe/Brussels", "robin")


@pytest.fixture
def bound(place: Place) -> Iterator[Place]:
    """A database with a task for each procedure; the models are bound to it, as in a program of the site."""
    store = Store(place.database)
    store.open()
    for name in ("hello", "whom", "broken", "missing"):
        store.add(name, name, {"every_unit": "daily"})
    store.close()
    database = peewee.SqliteDatabase(str(place.database_file))
    models.database.initialize(database)
    yield place
    database.close()
    models.database.initialize(None)


def task(name: str) -> SystemTask:
    found: SystemTask = SystemTask.objects.get(name=name)
    return found


def test_it_makes_a_job_and_ends_it(bound: Place) -> None:
    job = task("hello").run(request(bound))
    assert isinstance(job, Job)
    assert (job.state, job.task_name, job.log_lines) == ("succeeded", "hello", 1)
    assert job.log.endswith("INFO hello from hello as robin")
    assert ran == ["lino"]
    after = task("hello")
    assert (after.last_start_time, after.last_end_time) == (job.claimed_at, job.ended_at)
    assert (after.job_id, after.requested_at, after.message) == (None, None, job.log)


def test_a_failure_disables_and_nothing_is_raised(bound: Place) -> None:
    job = task("broken").run(request(bound))
    assert (job.state, job.message) == ("failed", "ValueError: bad voucher 17")
    assert job.traceback.splitlines()[1].endswith("in broken")
    assert task("broken").disabled


def test_the_logger_that_was_given(bound: Place) -> None:
    job = task("hello").run(request(bound), logging.getLogger("mine"))
    assert ran == ["mine"]
    assert job.log_lines == 1


def test_logging_and_signals_are_put_back(bound: Place) -> None:
    def state() -> tuple[object, ...]:
        root = logging.getLogger()
        return root.level, list(root.handlers), [signal.getsignal(number) for number in (2, 1, 15)]

    before = state()
    task("hello").run(request(bound))
    task("broken").run(request(bound))
    assert state() == before


def test_a_request_that_waits_is_the_one_that_runs(bound: Place) -> None:
    asked = task("hello")
    asked.run_now("luc")
    job = asked.run(request(bound))
    assert (job.requested_by, job.requested_at) == ("luc", asked.requested_at)
    assert task("hello").requested_at is None


def test_while_somebody_serves_the_site_it_is_refused(bound: Place) -> None:
    lock = DatabaseLock(bound.database_file, "books")
    lock.acquire(SystemClock())
    try:
        with pytest.raises(Busy, match=r"`linod-ctl --site books run-now TASK`, or task\.run_now\(\)"):
            task("hello").run(request(bound))
    finally:
        lock.release()
    assert ran == []
    assert task("hello").run(request(bound)).state == "succeeded"


def test_what_is_not_registered_here_is_refused_before_anything_is_written(bound: Place) -> None:
    with pytest.raises(BadValue, match="procedure missing: no plugin"):
        task("missing").run(request(bound))
    assert models.Job.select().count() == 0


def test_in_a_job_it_is_a_part_of_that(bound: Place) -> None:
    def outer(ar: BaseRequest) -> None:
        assert task("hello").run(ar) is ar.job
        ar.info("and on, as %s", ar.task.name)

    done = run_procedure(outer, user={"username": "robin"})
    assert done.log == ("INFO hello from hello as robin", "INFO and on, as outer")
    with pytest.raises(ValueError, match="bad voucher 17"):
        run_procedure(lambda ar: task("broken").run(ar) and None)
    assert models.Job.select().count() == 0


def test_a_request_of_nowhere_says_what_to_take(bound: Place) -> None:
    with pytest.raises(LinodError, match=r"linod\.foreground\.request\(\), or task\.run_now\(\)"):
        task("hello").run(BaseRequest())


def test_the_lock_is_free_after_an_error(place: Place) -> None:
    with pytest.raises(ZeroDivisionError), serving(place, SystemClock()):
        1 / 0  # noqa: B018
    with serving(place, SystemClock()) as store:
        assert store.user("robin") == User(1, "robin")


def test_who_asked_is_a_user_of_the_site_when_there_is_one_of_that_name(bound: Place) -> None:
    robin = "{'id': 1, 'username': 'robin', 'language': None, 'time_zone': 'Europe/Brussels'}"
    assert task("whom").run(request(bound)).log.endswith(f"for {robin}, asked by None")
    with serving(bound, SystemClock()) as store:
        store.add_user(user_name(), {"language": "de", "time_zone": "Asia/Tokyo"})
    asked = f"{{'id': 2, 'username': '{user_name()}', 'language': 'de', 'time_zone': 'Asia/Tokyo'}}"
    assert task("whom").run(request(bound)).log.endswith(f"for {robin}, asked by {asked}")


def test_a_place_crosses_to_another_interpreter(place: Place) -> None:
    wire = to_wire(place._replace(plugins=("a", "b"), color=False), task="hello")
    found, told = from_wire(wire, "python")
    assert found == place._replace(plugins=("a", "b"), color=False)
    assert told["task"] == "hello"
    other = wire.replace(b'{"version": "', b'{"version": "9.')
    with pytest.raises(ConfigurationError, match=r"has linod .*pip install linod==9\."):
        from_wire(other, "python")


def test_the_fields_of_the_instance_are_the_registered_procedure(bound: Place) -> None:
    assert fields.procedure_named("hello").func is hello
