"""What a stranger may write to the control socket: an error, a hang-up, and everybody else is served on."""

import json
import socket
from collections.abc import Mapping

import pytest

from linod.control.call import Call
from linod.control.messages import LIMIT
from tests.control.place import Place, Wire, message


async def levels(call: Call) -> Mapping[str, object]:
    return {"log_levels": []}


@pytest.fixture
def wire(place: Place) -> Wire:
    place.serve({"ListLogLevels": levels})
    return place.wire()


def is_served(place: Place) -> bool:
    with place.client() as client:
        return client.call("ListLogLevels") == {"log_levels": []}


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b'{"method": "org.linod', "not JSON"),
        (b"", "not JSON"),
        (b"\xff\xfe\xfa", "not UTF-8"),
        (b'{"method": "a.B", "parameters": {"x": "\\ud800"}}', "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'{"method": "a.B", "parameters": {"x": ' + b"9" * 900_000 + b"}}", "not JSON"),
        (b'{"method": "a.B", "parameters": {"x": NaN}}', "NaN"),
        (b"[]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"17", "not a JSON object"),
        (b"{}", "no `method`"),
        (b'{"method": 17}', "no `method`"),
        (b'{"method": "ListLogLevels"}', "no `method`"),
        (b'{"method": "a.B", "parameters": []}', "not an object"),
        (b'{"method": "a.B", "parameters": "x"}', "not an object"),
        (b'{"method": "a.B", "more": 1}', "`more`"),
        (b'{"method": "a.B", "oneway": "yes"}', "`oneway`"),
        (b'{"method": "a.B", "upgrade": true}', "upgrade"),
        (b" " * (LIMIT + 1), "more than 1048576 bytes"),
    ],
)
def test_what_is_no_call_is_refused_and_the_connection_closed(place: Place, wire: Wire, raw: bytes, why: str) -> None:
    wire.send(raw + b"\0")

    reply = wire.reply()
    assert reply["error"] == "org.linod.Control.BadMessage"
    assert why in reply["parameters"]["text"]
    assert wire.reply() is None
    assert is_served(place)


def test_a_message_of_100_mb_is_refused_while_it_comes(place: Place, wire: Wire) -> None:
    part, sent = b"x" * (1 << 20), 0
    with pytest.raises(OSError, match=r"Broken pipe|reset"):
        for _ in range(100):
            sent += wire.socket.send(part)

    assert sent < 8 << 20  # what the kernel's buffers take; the rest was never read
    assert wire.reply()["error"] == "org.linod.Control.BadMessage"
    assert is_served(place)


def test_the_largest_message_is_read(wire: Wire) -> None:
    call = message("ListLogLevels")[:-1]
    wire.send(call + b" " * (LIMIT - len(call)) + b"\0")

    assert wire.reply() == {"parameters": {"log_levels": []}}


def test_a_call_may_come_byte_by_byte(wire: Wire) -> None:
    for byte in message("ListLogLevels"):
        wire.send(bytes([byte]))

    assert wire.reply() == {"parameters": {"log_levels": []}}


def test_calls_sent_at_once_are_answered_in_order(wire: Wire) -> None:
    wire.send(message("ListLogLevels") + message("NoSuch") + message("ListLogLevels"))

    replies = [wire.reply() for _ in range(3)]
    assert [reply.get("error") for reply in replies] == [None, "org.varlink.service.MethodNotFound", None]


def test_a_caller_that_has_ended_its_sending_gets_its_reply(wire: Wire) -> None:
    wire.ask("ListLogLevels")
    wire.socket.shutdown(socket.SHUT_WR)

    assert wire.reply() == {"parameters": {"log_levels": []}}
    assert wire.reply() is None


def test_a_message_that_ends_before_its_nul_byte_is_refused(wire: Wire) -> None:
    wire.send(message("ListLogLevels")[:-1])
    wire.socket.shutdown(socket.SHUT_WR)

    assert "ends before its NUL byte" in wire.reply()["parameters"]["text"]


def test_a_caller_that_goes_away_in_the_middle_leaves_nothing(place: Place, wire: Wire) -> None:
    wire.send(b'{"method"')
    wire.socket.close()

    assert place.server is not None
    place.loop.until(lambda: place.server is not None and place.server.connections == 0)


def test_a_message_that_never_ends_is_given_up(place: Place, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linod.control.connection.PATIENCE", 0.05)
    wire.send(b"{")

    assert "was not complete" in wire.reply()["parameters"]["text"]


def test_oneway_calls_are_run_and_not_answered(place: Place) -> None:
    seen = []

    async def note(call: Call) -> Mapping[str, object]:
        seen.append(call.peer.pid)
        return {}

    place.serve({"ListNames": note, "ListLogLevels": levels})
    with place.wire() as wire:
        wire.send(message("ListNames", {"oneway": True}) + message("ListNames", {"oneway": True}, wrong=1))
        wire.ask("ListLogLevels")
        assert wire.reply() == {"parameters": {"log_levels": []}}
    assert len(seen) == 1


def test_a_oneway_call_runs_although_its_caller_has_gone(place: Place) -> None:
    seen = []

    async def note(call: Call) -> Mapping[str, object]:
        seen.append(1)
        return {}

    place.serve({"ListNames": note})
    with place.wire() as wire:
        wire.send(message("ListNames", {"oneway": True}) * 3)
    place.loop.until(lambda: len(seen) == 3)


@pytest.mark.parametrize(
    ("method", "parameters", "error", "told"),
    [
        ("org.example.Other.Method", {}, "InterfaceNotFound", {"interface": "org.example.Other"}),
        ("NoSuch", {}, "MethodNotFound", {"method": "org.linod.Control.NoSuch"}),
        ("ListLogLevels", {"more": 1}, "InvalidParameter", {"parameter": "more"}),
        ("Enable", {}, "InvalidParameter", {"parameter": "task"}),
        ("Enable", {"task": None}, "InvalidParameter", {"parameter": "task"}),
        ("Enable", {"task": 4}, "InvalidParameter", {"parameter": "task"}),
        ("Enable", {"task": ["x"]}, "InvalidParameter", {"parameter": "task"}),
        ("RunNow", {"task": "x", "wait": "yes"}, "InvalidParameter", {"parameter": "wait"}),
        ("RunNow", {"task": "x", "wait": 1}, "InvalidParameter", {"parameter": "wait"}),
        ("ListTasks", {"limit": True}, "InvalidParameter", {"parameter": "limit"}),
        ("ListTasks", {"limit": 1.5}, "InvalidParameter", {"parameter": "limit"}),
        ("ListTasks", {"limit": 2**63}, "InvalidParameter", {"parameter": "limit"}),
        ("ListJobs", {"states": "failed"}, "InvalidParameter", {"parameter": "states"}),
        ("ListJobs", {"states": ["failed", 1]}, "InvalidParameter", {"parameter": "states"}),
        ("SetTask", {"task": "x", "columns": [1]}, "InvalidParameter", {"parameter": "columns"}),
        ("ShowJob", {"job": 1}, "MethodNotImplemented", {"method": "org.linod.Control.ShowJob"}),
        ("org.varlink.service.NoSuch", {}, "MethodNotFound", {"method": "org.varlink.service.NoSuch"}),
        ("org.varlink.service.GetInterfaceDescription", {}, "InvalidParameter", {"parameter": "interface"}),
    ],
)
def test_a_wrong_call_is_answered_and_the_connection_stays(
    place: Place, method: str, parameters: dict[str, object], error: str, told: dict[str, object]
) -> None:
    async def never(call: Call, **parameters: object) -> Mapping[str, object]:
        raise AssertionError(f"called with {parameters}")

    place.serve(dict.fromkeys(("Enable", "RunNow", "ListTasks", "ListJobs", "ListLogLevels", "SetTask"), never))
    with place.wire() as wire:
        wire.ask(method, **parameters)
        assert wire.reply() == {"error": f"org.varlink.service.{error}", "parameters": told}
        wire.ask("org.varlink.service.GetInfo")
        assert "error" not in wire.reply()


def test_strings_may_hold_anything_that_is_text(place: Place) -> None:
    async def echo(call: Call, *, task: str) -> Mapping[str, object]:
        return {"task": task}

    place.serve({"ShowTask": echo})
    with place.wire() as wire:
        for text in ("", "ä€😀", "\0\n\x1b", "x" * 100_000, json.dumps({"a": 1})):
            wire.ask("ShowTask", task=text)
            assert wire.reply() == {"parameters": {"task": text}}
