"""Registering procedures: what is read from a registration, and what is refused without taking the plugin down."""

import functools
import json
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from linod import BaseRequest, at_job_start, background_task, dd, schedule_daily, schedule_often
from linod.errors import BadValue, LinodError
from linod.loglevels import LogLevel
from linod.procedures import Procedure, Procedures, decorators

HERE = __file__


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Procedures:
    """An empty registry that the decorators register with."""
    fresh = Procedures()
    monkeypatch.setattr(decorators, "procedures", fresh)
    return fresh


def checkdata(ar: BaseRequest) -> None:
    """Run all data checkers."""
    ar.info("Run %d data checkers", 1)


def registered(registry: Procedures, decorate: Callable[[Any], Any], func: object = checkdata) -> Procedure:
    """The procedure that came of decorating; the decorator handed the function back."""
    assert decorate(func) is func
    return registry.ordered()[-1]


# What the page shows


@pytest.mark.parametrize(
    ("decorate", "suggested"),
    [
        (schedule_often, "every=10, every_unit=secondly"),
        (schedule_often(), "every=10, every_unit=secondly"),
        (schedule_often(300), "every=300, every_unit=secondly"),
        (schedule_often(every=300), "every=300, every_unit=secondly"),
        (schedule_daily, "every=1, every_unit=daily"),
        (schedule_daily(), "every=1, every_unit=daily"),
        (dd.schedule_daily(every=2), "every=2, every_unit=daily"),
        (background_task, ""),
        (background_task(every_unit="hourly"), "every=1, every_unit=hourly"),
        (
            background_task(every_unit="weekly", every=1, saturday=True, start_time="04:00"),
            "every=1, every_unit=weekly, saturday=True, start_time=04:00",
        ),
        (
            background_task(every_unit="monthly", positions=[1, -1], log_level=LogLevel.DEBUG, end_date=None),
            "every=1, every_unit=monthly, log_level=DEBUG, positions=-1 1",
        ),
        (schedule_often(log_level="debug"), "every=10, every_unit=secondly, log_level=DEBUG"),
        (schedule_often(log_level=30), "every=10, every_unit=secondly, log_level=WARNING"),
        (
            background_task(every_unit="once", start_date="2026-12-24", start_time=time(4, 0, 30)),
            "every_unit=once, start_date=2026-12-24, start_time=04:00:30",
        ),
    ],
)
def test_the_suggested_recurrency(registry: Procedures, decorate: Callable[[Any], Any], suggested: str) -> None:
    procedure = registered(registry, decorate)

    assert procedure.problem == ""
    assert procedure.suggested == suggested
    assert procedure.name == procedure.text == "checkdata"
    assert (procedure.class_name, procedure.run_after, procedure.during_initdb) == ("linod.SystemTask", None, True)


def test_the_attributes_of_the_page(registry: Procedures) -> None:
    procedure = registered(
        registry, background_task(every_unit="weekly", start_date=date(2026, 12, 24), start_time="04:00")
    )

    assert procedure.func is checkdata
    assert (procedure.every_unit, procedure.every_value) == ("weekly", 1)
    assert procedure.start_datetime == datetime(2026, 12, 24, 4)
    assert registered(registry, background_task(), bare).start_datetime is None
    assert str(procedure) == "checkdata"
    assert registry.ordered()[-1].every_unit == "never"


def bare(ar: BaseRequest) -> None:
    """A second one."""


@pytest.mark.parametrize("moment", [datetime(2026, 12, 24, 4, 30), "2026-12-24 04:30"])
def test_start_datetime_stands_for_two_columns(registry: Procedures, moment: object) -> None:
    procedure = registered(registry, background_task(every_unit="once", start_datetime=moment))
    assert procedure.problem == ""
    assert procedure.start_datetime == datetime(2026, 12, 24, 4, 30)
    assert procedure.suggested == "every_unit=once, start_date=2026-12-24, start_time=04:30"


def test_the_special_keywords_are_no_columns(registry: Procedures) -> None:
    decorate = background_task(class_name="invoicing.Task", run_after="bare", during_initdb=False, every_unit="daily")
    procedure = registered(registry, decorate)

    assert (procedure.class_name, procedure.run_after, procedure.during_initdb) == ("invoicing.Task", "bare", False)
    assert procedure.defaults == {"every": 1, "every_unit": "daily"}


# What is refused


def two(ar: BaseRequest, voucher: int) -> None: ...
def none() -> None: ...
def keyword_only(ar: BaseRequest, *, voucher: int) -> None: ...
def generator(ar: BaseRequest) -> Iterator[None]:
    yield


async def async_generator(ar: BaseRequest) -> AsyncIterator[None]:
    yield


class Plain:
    def method(self, ar: BaseRequest) -> None: ...
    def without(self) -> None: ...
    def __call__(self, ar: BaseRequest) -> None: ...
    @classmethod
    def of_class(cls, ar: BaseRequest) -> None: ...


@pytest.mark.parametrize(
    ("func", "reason"),
    [
        (two, "procedure two: needs ar, voucher; a procedure takes one argument, ar"),
        (none, "procedure none: takes no argument; a procedure takes one argument, ar"),
        (keyword_only, "needs ar, voucher=; a procedure takes one"),
        (generator, "is a generator: calling it runs nothing; take the yield away"),
        (async_generator, "is a generator"),
        (Plain.method, "needs self, ar; a procedure takes one"),
        (Plain().without, "takes no argument"),
        (Plain, "is a class; register a function"),
        (Plain.__dict__["of_class"], "which cannot be called"),
        (Plain(), "procedure Plain: has no name; register a function made with def"),
        (lambda ar: None, "procedure <lambda>: has no name"),
        (functools.partial(generator), "has no name"),
    ],
)
def test_what_cannot_be_called_with_ar_is_a_problem_with_its_place(
    registry: Procedures, func: object, reason: str
) -> None:
    procedure = registered(registry, background_task(), func)

    assert reason in procedure.problem
    code = getattr(func, "__code__", getattr(getattr(func, "__func__", None), "__code__", None))
    if code is not None:
        assert procedure.problem.startswith(f"{HERE}:{code.co_firstlineno}: procedure ")
    with pytest.raises(LinodError, match="procedure"):
        procedure.run(BaseRequest())


def defaults(ar: BaseRequest, voucher: int = 17, *, fix: bool = False) -> None: ...
def any_number(*args: object, **kwargs: object) -> None: ...
@functools.wraps(two)
def wrapper(ar: BaseRequest) -> None: ...


@pytest.mark.parametrize("func", [defaults, any_number, wrapper, Plain().method, Plain.of_class])
def test_what_can_be_called_with_ar_is_registered(registry: Procedures, func: object) -> None:
    assert registered(registry, schedule_daily, func).problem == ""


@pytest.mark.parametrize(
    ("decorate", "reason"),
    [
        (background_task(evry=1), "unknown keyword 'evry'; did you mean 'every'?"),
        (background_task(colour="red"), "unknown keyword 'colour'; known are every, every_unit,"),
        (background_task(every_unit="daily", every=0), "every=0: a whole number, 1 or more"),
        (background_task(every_unit="daily", every="2"), "every='2': a whole number"),
        (background_task(every_unit="daily", every=True), "every=True: a whole number"),
        (background_task(every=10), "every=10 needs an every_unit"),
        (background_task(every_unit="secondli"), "did you mean 'secondly'?"),
        (background_task(every_unit="daily", monday=1), "monday=1: True or False"),
        (background_task(every_unit="daily", start_time="25:00"), "start_time='25:00': hour must be in 0..23"),
        (background_task(every_unit="daily", start_time=4), "a text such as '04:00'"),
        (background_task(every_unit="daily", start_date=datetime(2026, 1, 1)), "a datetime.date"),
        (background_task(every_unit="monthly", positions="first"), "positions: 'first' is not a list of whole numbers"),
        (background_task(every_unit="monthly", positions=40), "positions: 40 never comes"),
        (background_task(every_unit="once"), "start_date: once needs its day"),
        (background_task(every_unit="daily", time_zone="Europe/Brusels"), "did you mean 'Europe/Brussels'?"),
        (background_task(missed="all"), "missed='all': 'all' is unknown; known are once, skip"),
        (background_task(log_level="WARN"), "did you mean 'WARNING'?"),
        (background_task(log_level=17), "log_level=17: 17 is not a valid LogLevel"),
        (background_task(name=""), "name='': a text"),
        (background_task(class_name=3), "class_name=3: the name of a kind of task"),
        (background_task(run_after=bare), "the name of a procedure"),
        (background_task(during_initdb="no"), "during_initdb='no': True or False"),
        (schedule_daily(every_unit="weekly"), "schedule_daily is daily; take background_task for every_unit='weekly'"),
        (schedule_often(0), "every=0: a whole number, 1 or more"),
        (background_task(start_datetime="soon"), "start_datetime='soon': a datetime.datetime without a zone"),
        (background_task(start_datetime=datetime(2026, 1, 1, tzinfo=UTC)), "without a zone, or a text such as"),
        (background_task(start_datetime="2026-01-01", start_time="04:00"), "leave start_time away"),
        (schedule_often(10, every=20), "schedule_often takes keywords, not 10"),
        (background_task("daily"), "background_task takes keywords, not 'daily'"),  # type: ignore[call-overload]
    ],
)  # fmt: skip
def test_a_bad_keyword_is_a_problem_of_this_procedure_only(
    registry: Procedures, decorate: Callable[[Any], Any], reason: str
) -> None:
    registered(registry, schedule_daily, bare)
    procedure = registered(registry, decorate)

    assert reason in procedure.problem
    assert procedure.problem.startswith(f"{HERE}:{checkdata.__code__.co_firstlineno}: procedure checkdata: ")
    assert registry.ordered()[0].problem == ""


# The registry


def in_plugin(registry: Procedures, plugin: str, name: str, line: int = 1, **rest: Any) -> Procedure:
    return registry.add(Procedure(name=name, plugin=plugin, func=bare, file=f"{plugin}.py", line=line, **rest))


def test_two_plugins_with_one_name_are_both_named_and_the_first_works(registry: Procedures) -> None:
    first = in_plugin(registry, "a", "checkdata", 3)
    second = in_plugin(registry, "b", "checkdata", 12)

    assert second.problem == (
        "b.py:12: procedure checkdata of plugin b: plugin a (a.py:3) has registered this name before; "
        "rename one of the two functions"
    )
    assert registry.get("checkdata") == first
    assert [(item.name, bool(item.problem)) for item in registry.ordered()] == [
        ("checkdata", False),
        ("checkdata (b:12)", True),
    ]


def test_a_module_that_is_imported_again_registers_the_same(registry: Procedures) -> None:
    in_plugin(registry, "a", "checkdata")
    in_plugin(registry, "a", "checkdata")

    assert [item.problem for item in registry.ordered()] == [""]


def test_run_after_moves_behind_and_an_unknown_one_last_with_a_warning(registry: Procedures) -> None:
    in_plugin(registry, "a", "late", 1, run_after="nowhere")
    in_plugin(registry, "a", "third", 2, run_after="second")
    in_plugin(registry, "a", "second", 3, run_after="first")
    in_plugin(registry, "a", "first", 4)
    in_plugin(registry, "a", "fourth", 5, run_after="first")
    in_plugin(registry, "a", "egg", 6, run_after="hen")
    in_plugin(registry, "a", "hen", 7, run_after="egg")

    assert [item.name for item in registry.ordered()] == ["first", "second", "third", "fourth", "late", "egg", "hen"]
    assert registry.warnings == (
        "a.py:1: procedure late: run_after='nowhere' is not registered; put last",
        "a.py:6: procedure egg: run_after='hen' waits for it in turn; put last",
        "a.py:7: procedure hen: run_after='egg' waits for it in turn; put last",
    )


def test_a_plugin_that_fails_takes_back_all_it_registered(registry: Procedures) -> None:
    with registry.loading("good"):
        in_plugin(registry, "good", "kept")
        registry.add_job_start(none)
    with pytest.raises(SystemExit), registry.loading(__name__):
        registered(registry, schedule_daily)
        in_plugin(registry, __name__, "kept", 2)
        at_job_start(none)
        assert len(registry.job_start_hooks) == 2
        raise SystemExit(3)

    assert [item.name for item in registry.ordered()] == ["kept"]
    assert registry.warnings == ()


def test_a_procedure_belongs_to_the_plugin_that_is_loaded_unless_its_module_is_anothers(registry: Procedures) -> None:
    with registry.loading(__name__):
        mine = registry.plugin_of(checkdata)
    with registry.loading("invoicing"):
        others = registry.plugin_of(checkdata)
    part_of_a = type("PartOfA", (), {"__module__": "a.models"})

    with registry.loading("a"):
        part = registry.plugin_of(part_of_a)

    assert (mine, others, part) == (__name__, __name__, "a")


def test_what_runs_at_job_start_takes_no_argument(registry: Procedures) -> None:
    assert at_job_start(none) is none
    at_job_start(checkdata)

    assert registry.job_start_hooks == (none,)
    assert "checkdata needs ar; a function under @at_job_start takes none; left out" in registry.warnings[0]


# Running, and the wire


def test_a_coroutine_function_is_run_to_its_end(registry: Procedures) -> None:
    seen: list[object] = []

    async def procedure(ar: BaseRequest) -> None:
        seen.append(ar)

    ar = BaseRequest()
    registered(registry, schedule_daily, procedure).run(ar)
    assert seen == [ar]


def test_what_the_function_raises_goes_through_and_its_value_is_nothing(registry: Procedures) -> None:
    def procedure(ar: BaseRequest) -> int:
        raise Warning("nothing to send")

    with pytest.raises(Warning, match="nothing to send"):
        registered(registry, schedule_daily, procedure).run(BaseRequest())
    Procedure("x", "a", lambda ar: 42).run(BaseRequest())


def test_a_generator_behind_a_wrapper_is_noticed_when_it_runs() -> None:
    with pytest.raises(TypeError, match="nothing of it ran"):
        Procedure("x", "a", lambda ar: generator(ar)).run(BaseRequest())


def test_in_the_daemon_a_procedure_cannot_run() -> None:
    with pytest.raises(LinodError, match="by its name only"):
        Procedure("x", "a").run(BaseRequest())


def test_a_procedure_crosses_the_socket_as_json(registry: Procedures) -> None:
    decorate = background_task(
        every_unit="weekly", saturday=True, start_time="04:00", start_date=date(2026, 12, 24), positions=1,
        log_level="DEBUG", run_after="bare", during_initdb=False,
    )  # fmt: skip
    for func, how in ((checkdata, decorate), (two, schedule_daily), (bare, schedule_often)):
        procedure = registered(registry, how, func)
        arrived = Procedure.from_wire(json.loads(json.dumps(procedure.to_wire())))
        assert arrived == procedure._replace(func=None)  # which stays where it was registered
        assert arrived.func is None
        assert arrived.defaults == procedure.defaults


def test_a_wire_of_another_linod_is_refused() -> None:
    wire = Procedure("x", "a").to_wire()

    with pytest.raises(BadValue, match="unknown keyword 'spray'"):
        Procedure.from_wire({**wire, "defaults": {"spray": 3}})
    with pytest.raises(KeyError):
        Procedure.from_wire({"name": "x"})
