"""Connections: many, refused, vanishing, never reading, and what happens to them when linod stops."""

import asyncio
import os
import resource
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from linod.control.address import listen
from linod.control.call import Call, Handler
from linod.control.client import CallFailed, Client
from linod.control.interface import refusal
from linod.control.peer import Peer, operators
from linod.control.server import Server
from tests.control.place import DEADLINE, Place, Wire, message


class Doing:
    """Methods that wait, stream and change, and note what becomes of them."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.waiting = 0
        self.go = asyncio.Event()
        self.methods: dict[str, Handler] = {
            "ListLogLevels": self.levels,
            "ShowTask": self.wait,
            "GetLog": self.stream,
            "Enable": self.change,
            "ListNames": self.broken,
        }

    async def levels(self, call: Call) -> Mapping[str, object]:
        return {"log_levels": []}

    async def wait(self, call: Call, *, task: str) -> Mapping[str, object]:
        try:
            with call.waiting():
                self.waiting += 1
                await self.go.wait()
            return {"task": task}
        finally:
            self.ended.append(task)

    async def stream(self, call: Call, *, lines: int, follow: bool = False) -> Mapping[str, object]:
        call.expect_more()
        try:
            with call.waiting():
                for number in range(lines):
                    await call.reply({"record": {"number": number, "text": "x" * 1000}})
            return {"record": None}
        finally:
            self.ended.append("stream")

    async def change(self, call: Call, *, task: str) -> Mapping[str, object]:
        self.waiting += 1
        await self.go.wait()
        self.ended.append(task)
        with call.waiting():
            return {"task": task}

    async def broken(self, call: Call) -> Mapping[str, object]:
        raise ValueError("a bug")


@pytest.fixture
def doing() -> Doing:
    return Doing()


def connections(place: Place) -> int:
    assert place.server is not None
    return place.server.connections


def test_what_the_service_is(place: Place, doing: Doing) -> None:
    place.serve(doing.methods)
    with place.client() as client:
        info = client.call("org.varlink.service.GetInfo")
        assert info["product"] == "linod"
        assert info["version"] == "0.1.0"
        assert info["interfaces"] == ["org.varlink.service", "org.linod.Control"]
        for interface in info["interfaces"]:
            text = client.call("org.varlink.service.GetInterfaceDescription", interface=interface)["description"]
            assert f"\ninterface {interface}\n" in text
        with pytest.raises(CallFailed, match="InterfaceNotFound"):
            client.call("org.varlink.service.GetInterfaceDescription", interface="org.example.Other")


def test_500_idle_connections_hinder_nobody(place: Place, doing: Doing) -> None:
    place.serve(doing.methods)
    idle = [place.wire() for _ in range(500)]
    with place.client() as client:
        assert client.call("ListLogLevels") == {"log_levels": []}
        assert connections(place) == 501
    idle[250].ask("ListLogLevels")
    assert idle[250].reply() == {"parameters": {"log_levels": []}}
    for wire in idle:
        wire.socket.close()
    place.loop.until(lambda: connections(place) == 0)


def test_connections_beyond_the_limit_are_refused_with_a_text(place: Place, doing: Doing) -> None:
    place.serve(doing.methods, limit=8)
    held = [place.client() for _ in range(8)]
    for client in held:
        client.call("ListLogLevels")
    with place.client() as client, pytest.raises(CallFailed, match="8 callers already"):
        client.call("ListLogLevels")
    held[0].close()
    place.loop.until(lambda: connections(place) == 7)
    with place.client() as client:
        assert client.call("ListLogLevels") == {"log_levels": []}
    for client in held:
        client.close()


def test_without_free_descriptors_accepting_pauses_and_goes_on(place: Place, doing: Doing) -> None:
    server = place.serve(doing.methods)
    with few_descriptors():
        held = [socket.socket(socket.AF_UNIX) for _ in range(20)]
        for sock in held:
            sock.connect(str(place.control))
        place.loop.until(lambda: server.pausing)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        place.loop.run(asyncio.sleep(0.2))  # in which a loop that spins would burn 0.2 s
        assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 0.1
    for sock in held:
        sock.close()
    with place.client() as client:
        assert client.call("ListLogLevels") == {"log_levels": []}


@contextmanager
def few_descriptors() -> Iterator[None]:
    """This process may open 30 descriptors, no more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = {int(path.name) for path in Path("/proc/self/fd").iterdir()}
    free = [number for number in range(soft) if number not in used]
    resource.setrlimit(resource.RLIMIT_NOFILE, (free[30], hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_caller_who_may_not_operate_is_told_so(place: Place, doing: Doing) -> None:
    seen: list[Peer] = []

    def nobody(peer: Peer) -> bool:
        seen.append(peer)
        return False

    place.serve(doing.methods, allowed=nobody)
    with place.client() as client:
        for _ in range(2):
            with pytest.raises(CallFailed, match="permission denied") as failed:
                client.call("ListLogLevels")
            assert failed.value.exit_code == 77
        client.call("org.varlink.service.GetInfo")
    assert seen == [Peer(os.getpid(), os.getuid(), os.getgid(), tuple(os.getgroups()))]


def test_who_may_operate() -> None:
    import grp

    group = grp.getgrgid(os.getgid()).gr_name
    may = operators(group)
    assert may(Peer(1, 0, 0))
    assert may(Peer(1, os.geteuid(), 12345))
    assert may(Peer(1, 12345, os.getgid()))
    assert may(Peer(1, 12345, 12345, (7, os.getgid())))
    assert not may(Peer(1, 12345, 12345, (7, 8)))
    assert not operators("no-such-group")(Peer(1, 12345, 12345))


def test_names_of_peers() -> None:
    assert Peer(1, 0, 0).name == "root"
    assert Peer(1, 54321, 0).name == "uid 54321"


def test_an_error_of_a_method_is_the_calls_and_not_the_servers(
    place: Place, doing: Doing, caplog: pytest.LogCaptureFixture
) -> None:
    place.serve(doing.methods)
    with place.client() as client:
        with pytest.raises(CallFailed, match="an error of linod itself") as failed:
            client.call("ListNames")
        assert failed.value.name == "Failed"
        assert client.call("ListLogLevels") == {"log_levels": []}
    assert "ValueError: a bug" in caplog.text


def test_a_caller_that_goes_away_ends_its_waiting_at_once(place: Place, doing: Doing) -> None:
    place.serve(doing.methods)
    wire = place.wire()
    wire.ask("ShowTask", task="gone")
    place.loop.until(lambda: doing.waiting == 1)
    wire.socket.close()
    place.loop.until(lambda: doing.ended == ["gone"] and connections(place) == 0)


def test_a_caller_that_has_ended_its_sending_may_wait_and_may_still_go_away(
    place: Place, doing: Doing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linod.control.connection.LOOK", 0.02)
    place.serve(doing.methods)
    stays, goes = place.wire(), place.wire()
    for wire, task in ((stays, "stays"), (goes, "goes")):
        wire.ask("ShowTask", task=task)
        wire.socket.shutdown(socket.SHUT_WR)
    place.loop.until(lambda: doing.waiting == 2)
    goes.socket.close()
    place.loop.until(lambda: doing.ended == ["goes"])
    place.loop.call(doing.go.set)
    assert stays.reply() == {"parameters": {"task": "stays"}}


def test_a_change_once_begun_is_finished_though_its_caller_has_gone(place: Place, doing: Doing) -> None:
    place.serve(doing.methods)
    wire = place.wire()
    wire.ask("Enable", task="x")
    place.loop.until(lambda: doing.waiting == 1)
    wire.socket.close()
    place.loop.until(lambda: connections(place) == 0)
    place.loop.call(doing.go.set)
    place.loop.until(lambda: doing.ended == ["x"])


def test_several_replies_come_as_they_are_made(place: Place, doing: Doing) -> None:
    place.serve(doing.methods)
    with place.client() as client:
        numbers = [reply["record"] and reply["record"]["number"] for reply in client.call_more("GetLog", lines=3)]
        assert numbers == [0, 1, 2, None]


def test_several_replies_need_more(place: Place, doing: Doing) -> None:
    place.serve(doing.methods)
    with place.client() as client, pytest.raises(CallFailed, match="ExpectedMore"):
        client.call("GetLog", lines=3)


def test_a_caller_that_never_reads_costs_little_and_is_dropped(
    place: Place, doing: Doing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linod.control.connection.STALLED", 0.2)
    place.serve(doing.methods)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wires = [place.wire() for _ in range(20)]
    for wire in wires:
        wire.send(message("GetLog", {"more": True}, lines=100_000))
    place.loop.until(lambda: len(doing.ended) == 20 and connections(place) == 0)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10  # KiB; the replies are 2 GB


def test_calls_sent_ahead_wait_unread(place: Place, doing: Doing) -> None:
    place.serve(doing.methods)
    wire = place.wire()
    wire.ask("ShowTask", task="first")
    wire.socket.setblocking(False)
    sent, call = 0, message("ListLogLevels")
    place.loop.until(lambda: doing.waiting == 1)
    with pytest.raises(BlockingIOError):
        while sent < 32 << 20:
            sent += wire.socket.send(call * 1000)
    wire.socket.settimeout(DEADLINE)
    place.loop.call(doing.go.set)
    assert wire.reply() == {"parameters": {"task": "first"}}
    for _ in range(sent // len(call)):
        assert wire.reply() == {"parameters": {"log_levels": []}}


def test_a_stop_tells_those_who_wait_and_finishes_what_changes(place: Place, doing: Doing) -> None:
    place.serve(doing.methods)
    waits, changes, idle = place.wire(), place.wire(), place.wire()
    waits.ask("ShowTask", task="waits")
    changes.ask("Enable", task="changes")
    idle.ask("ListLogLevels")
    idle.reply()
    place.loop.until(lambda: doing.waiting == 2)
    place.loop.loop.call_soon_threadsafe(place.loop.loop.call_later, 0.05, doing.go.set)

    place.stop()

    assert waits.reply()["error"] == "org.linod.Control.Stopping"
    assert changes.reply() is not None  # the change was made; whether it is told so or that linod stops is all the same
    assert sorted(doing.ended) == ["changes", "waits"]
    assert idle.reply() is None
    with pytest.raises(ConnectionRefusedError):
        place.wire()


def test_a_stop_for_a_configuration_error_tells_those_who_wait_and_those_who_have_yet_to_ask(
    place: Place, doing: Doing
) -> None:
    place.serve(doing.methods)
    waits, silent = place.wire(), place.wire()
    silent.ask("ListLogLevels")
    silent.reply()
    waits.ask("ShowTask", task="waits")
    place.loop.until(lambda: doing.waiting == 1)

    place.stop(why=refusal("Configuration", "[host] python: no linod"))

    error = {"error": "org.linod.Control.Configuration", "parameters": {"text": "[host] python: no linod"}}
    assert waits.reply() == error
    assert silent.reply() == error


def test_a_stop_does_not_wait_for_callers_that_do_not_read(place: Place, doing: Doing) -> None:
    place.serve(doing.methods)
    wire = place.wire()
    wire.send(message("GetLog", {"more": True}, lines=100_000))
    assert wire.reply()["continues"]
    loop = place.loop.loop
    began = loop.time()
    place.stop(patience=0.1)
    assert loop.time() - began < 2


def test_an_inherited_socket_serves_as_it_is(place: Place, doing: Doing, tmp_path: Path) -> None:
    path = tmp_path / "inherited"
    listening = listen(path)
    early = Wire(path)  # systemd starts the daemon because of such a one
    early.ask("ListLogLevels")

    async def start() -> Server:
        server = Server(doing.methods, lambda peer: True, "0.1.0")
        server.serve(listening)
        return server

    server = place.loop.run(start())
    assert early.reply() == {"parameters": {"log_levels": []}}
    place.loop.run(server.close())
    assert path.exists()  # whoever made it removes it


def test_a_socket_that_does_not_listen_yet_is_made_to(place: Place, doing: Doing, tmp_path: Path) -> None:
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(tmp_path / "bound"))

    async def start() -> Server:
        server = Server(doing.methods, lambda peer: True, "0.1.0")
        server.serve(sock)
        return server

    server = place.loop.run(start())
    with Client(tmp_path / "bound") as client:
        assert client.call("ListLogLevels") == {"log_levels": []}
    place.loop.run(server.close())
