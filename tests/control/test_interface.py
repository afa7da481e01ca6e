"""The shipped Varlink text, the tables it is made from, and the methods and values that must agree with them."""

import inspect

import pytest

from linod.control import description
from linod.control.interface import (
    ERRORS,
    EXTRA,
    INTERFACE,
    METHODS,
    NULL_IN_LISTS,
    TYPES,
    InvalidParameter,
    Method,
    checked,
)
from linod.control.methods import HANDLERS
from linod.jobs import Job
from linod.tasks import Task
from tests.control.varlink import Description, Reader


@pytest.fixture(scope="module")
def shipped() -> Description:
    return Reader(description.shipped()).read()


def test_the_shipped_text_is_what_the_tables_say() -> None:
    assert description.shipped() == description.text(), "run python -m linod.control.description"


def test_the_text_defines_what_the_tables_have_and_nothing_else(shipped: Description) -> None:
    assert shipped.interface == INTERFACE
    assert shipped.methods == {name: (method.takes, method.gives) for name, method in METHODS.items()}
    assert shipped.errors == ERRORS
    assert set(shipped.types) == {"Task", "Job", *TYPES}
    assert {name: shipped.types[name] for name in TYPES} == TYPES


@pytest.mark.parametrize("value", [Task, Job])
def test_tasks_and_jobs_have_all_columns(shipped: Description, value: type[Task] | type[Job]) -> None:
    members = shipped.types[value.__name__]
    assert list(members) == [*value._fields, *EXTRA[value.__name__]]
    assert all(members[name].startswith("?") for name in NULL_IN_LISTS[value.__name__])


def test_the_text_of_varlinks_own_interface_can_be_read() -> None:
    found = Reader(description.SERVICE_TEXT).read()
    assert set(found.methods) == {"GetInfo", "GetInterfaceDescription"}


@pytest.mark.parametrize(
    "text",
    [
        "interface org.linod.control.\n",
        "interface a.b\ntype lower ()",
        "interface a.b\ntype T (a: Undefined)",
        "interface a.b\ntype T (a__b: int)",
        "interface a.b\ntype T (a: ??int)",
        "interface a.b\nmethod M()",
        "interface a.b\nmethod M() -> ()\nmethod M() -> ()",
        "interface a.b\nerror E (a int)",
        "interface a.b\nfunction F()",
    ],
)
def test_the_reader_is_strict(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Reader(text).read()


@pytest.mark.parametrize("name", METHODS)
def test_each_method_has_a_handler_that_takes_its_parameters(name: str) -> None:
    takes = METHODS[name].takes
    given = list(inspect.signature(HANDLERS[name]).parameters.values())[2:]  # behind ops and call
    assert {parameter.name for parameter in given} == set(takes)
    for parameter in given:
        optional = parameter.default is not parameter.empty
        assert optional == takes[parameter.name].startswith("?"), parameter.name


def test_each_error_has_a_text() -> None:
    assert all(members["text"] == "string" for members in ERRORS.values())


def test_parameters_that_are_null_are_left_out() -> None:
    method = Method({"a": "?int", "b": "string"}, {}, "")
    assert checked(method, {"a": None, "b": ""}) == {"b": ""}
    assert checked(method, {"b": "x", "a": -(2**63)}) == {"a": -(2**63), "b": "x"}
    with pytest.raises(InvalidParameter, match="c"):
        checked(method, {"b": "x", "c": None})
