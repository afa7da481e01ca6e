"""The Varlink text of the interface, made from the tables: `python -m linod.control.description` writes it.

The file is shipped, so that it can be read, packaged and compared; a test says when it is stale.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from enum import StrEnum
from pathlib import Path
from types import NoneType, UnionType
from typing import get_args

from linod.control.interface import ERRORS, EXTRA, INTERFACE, METHODS, NULL_IN_LISTS, TYPES, Fields
from linod.jobs import Job
from linod.tasks import Task

FILE = Path(__file__).with_name(f"{INTERFACE}.varlink")

ABOUT = """\
Operate linod. Fields of Task and Job are columns of the database; moments are RFC 3339 in UTC
("2026-11-24T03:00:00Z"), dates "2026-11-24", times of the day "04:00:00", durations seconds.
"""

SERVICE_TEXT = """\
# The Varlink service interface is provided by every service.
interface org.varlink.service

method GetInfo() -> (vendor: string, product: string, version: string, url: string, interfaces: []string)

method GetInterfaceDescription(interface: string) -> (description: string)

error InterfaceNotFound (interface: string)

error MethodNotFound (method: string)

error MethodNotImplemented (method: string)

error InvalidParameter (parameter: string)

error PermissionDenied ()

error ExpectedMore ()
"""

_WORDS: Mapping[object, str] = {
    Mapping[str, object]: "object",
    int: "int",
    float: "float",
    str: "string",
    bool: "bool",
    datetime: "string",
    date: "string",
    time: "string",
}


def shipped() -> str:
    """The text as it is installed."""
    return FILE.read_text(encoding="utf-8")


def text() -> str:
    """The text as the tables say it."""
    return "\n".join(_parts())


def _parts() -> Iterator[str]:
    yield f"{_comment(ABOUT)}interface {INTERFACE}\n"
    for name, value in (("Task", Task), ("Job", Job)):
        yield f"type {name} {_wrapped({**columns(value), **EXTRA[name]})}\n"
    for name, members in TYPES.items():
        yield f"type {name} {_wrapped(members)}\n"
    for name, method in METHODS.items():
        yield f"{_comment(method.about)}method {name}{_inline(method.takes)} -> {_inline(method.gives)}\n"
    for name, members in ERRORS.items():
        yield f"error {name} {_inline(members)}\n"


def columns(value: type[Task] | type[Job]) -> Fields:
    """Column -> Varlink type, for one of the plain values that are answered; those left null in lists may be null."""
    unlimited = NULL_IN_LISTS[value.__name__]
    return {name: _word(kind, optional=name in unlimited) for name, kind in value.__annotations__.items()}


def _word(annotation: object, optional: bool) -> str:
    kinds = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    (kind,) = (kind for kind in kinds if kind is not NoneType)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        kind = str
    return ("?" if optional or NoneType in kinds else "") + _WORDS[kind]


def _comment(text: str) -> str:
    return "".join(f"# {line}\n" for line in text.splitlines())


def _inline(members: Fields) -> str:
    return "(" + ", ".join(f"{name}: {kind}" for name, kind in members.items()) + ")"


def _wrapped(members: Fields) -> str:
    return "(\n" + ",\n".join(f"  {name}: {kind}" for name, kind in members.items()) + "\n)"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
