"""Varlink messages: bytes from a stranger in, a call out. Pure.

A message is one JSON object; on the wire a NUL byte ends it (varlink.org, "Method call").
"""

import json
from collections.abc import Mapping
from typing import NoReturn

from linod.tuples import NamedTuple

LIMIT = 1 << 20
"""Bytes that one message may have. The largest honest one, a task with all its columns set, has a few thousand."""


class BadMessage(Exception):
    """What came is no Varlink call; the text says why. The connection is of no use any more."""


class Message(NamedTuple):
    """A call as it was sent.

    more    the caller takes several replies.
    oneway  the caller takes none.
    """

    method: str
    parameters: Mapping[str, object]
    more: bool = False
    oneway: bool = False


def parse(raw: bytes) -> Message:
    """Read one message without its NUL byte; raises BadMessage for whatever is wrong with it."""
    try:
        text = raw.decode()
        found = json.loads(text, parse_constant=_no_constant)
        if "\\ud" in text.lower():  # half a surrogate pair is valid JSON, but no text: nothing could store it
            json.dumps(found, ensure_ascii=False).encode()
    except RecursionError:
        raise BadMessage("it is nested too deeply") from None
    except UnicodeError:
        raise BadMessage("it is not UTF-8") from None
    except ValueError as error:  # JSONDecodeError, and integers of more than 4,300 digits
        raise BadMessage(f"it is not JSON: {str(error)[:200]}") from None
    return _message(found)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _message(found: object) -> Message:
    if not isinstance(found, dict):
        raise BadMessage("it is not a JSON object")
    method = found.get("method")
    if not isinstance(method, str) or "." not in method:
        raise BadMessage("it has no `method` of the form INTERFACE.METHOD")
    parameters = found.get("parameters")
    if parameters is None:
        parameters = {}
    if not isinstance(parameters, dict):
        raise BadMessage("its `parameters` are not an object")
    for flag in ("more", "oneway", "upgrade"):
        if not isinstance(found.get(flag, False), bool):
            raise BadMessage(f"its `{flag}` is not true or false")
    if found.get("upgrade"):
        raise BadMessage("linod cannot upgrade a connection to another protocol")
    return Message(method, parameters, found.get("more", False), found.get("oneway", False))


_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def packed(reply: Mapping[str, object]) -> bytes:
    """A reply as it goes on the wire."""
    return _encode(reply).encode() + b"\0"
