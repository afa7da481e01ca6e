"""The parts that need no process."""

import errno
import os
import socket

import pytest

from linod.host.intake import Report
from linod.host.kernel import process_started
from linod.host.outcomes import Exit, Told, outcome_of
from linod.host.packets import BadPacket, Gone, Packets
from linod.host.protocol import EXIT_FAILED, EXIT_SUCCEEDED, EXIT_WARNED, LINE_BYTES
from linod.host.text import Lines, clean, cut, cut_head
from linod.jobs import State


def pair() -> tuple[Packets, Packets]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return Packets(ours), Packets(theirs)


def test_packets_queue_when_the_other_side_does_not_read() -> None:
    one, other = pair()
    read, write = os.pipe()
    for number in range(2000):
        one.send({"type": "ping", "number": number, "text": "x" * 1000}, [os.dup(write)] if number == 1999 else ())
    assert one.waiting
    seen: list[int] = []
    while len(seen) < 2000:
        received = other.receive()
        if received is None:
            one.flush()
        else:
            seen.append(received[0]["number"])
    assert seen == list(range(2000))
    assert received is not None
    (fd,) = received[1]
    assert not os.get_inheritable(fd)
    os.write(fd, b"x")
    assert os.read(read, 10) == b"x"
    for opened in (fd, read, write):
        os.close(opened)
    one.close()
    other.close()


def test_the_end_of_the_other_side_is_one_exception() -> None:
    one, other = pair()
    assert other.receive() is None
    one.close()
    with pytest.raises(Gone):
        other.receive()
    with pytest.raises(Gone):
        other.send({"type": "ping"})
    other.close()


def test_descriptors_of_packets_never_sent_are_closed() -> None:
    one, other = pair()
    read, write = os.pipe()
    other.close()
    with pytest.raises(Gone):
        one.send({"type": "start"}, [write])
    one.close()
    assert os.read(read, 1) == b""  # the write end is closed
    os.close(read)


def test_a_packet_that_is_too_large_says_so_and_harms_no_other() -> None:
    one, other = pair()
    with pytest.raises(OSError) as raised:
        one.send({"type": "procedure", "text": "x" * 1_000_000})
    assert raised.value.errno == errno.EMSGSIZE
    one.send({"type": "ping"})
    received = other.receive()
    assert received is not None and received[0] == {"type": "ping"}
    one.close()
    other.close()


@pytest.mark.parametrize("data", [b"{", b"\xff", b"[1]", b'{"type": 1}', b"[" * 100_000, b"1" * 5000])
def test_a_packet_that_is_no_message(data: bytes) -> None:
    one, other = pair()
    one.sock.send(data)
    with pytest.raises(BadPacket):
        other.receive()
    one.close()
    other.close()


def test_lines() -> None:
    lines = Lines()
    assert lines.feed(b"one\ntw") == ["one"]
    assert lines.feed(b"o\r\n\n  \nthree \xc3") == ["two"]
    assert lines.feed(b"\xa9\n") == ["three é"]
    assert lines.feed(b"end") == []
    assert lines.end() == ["end"]
    assert lines.end() == []


def test_a_line_without_end_is_cut_once() -> None:
    lines = Lines()
    seen = [line for _ in range(100) for line in lines.feed(b"x" * 10_000)]
    assert [len(line.encode()) for line in seen] == [LINE_BYTES]
    assert lines.feed(b"rest of it\nnext\n") == ["next"]


def test_text_within_limits() -> None:
    assert cut("é" * 10, 100) == "é" * 10
    assert cut("é" * 10, 10) == "ééé…"
    assert cut_head("é" * 10, 10) == "…ééé"
    assert clean("a\0b\udc80é") == "a\\x00b\\udc80é"


def report(state: State, signalled: bool = False) -> Report:
    return Report({"state": state.value, "message": "text", "traceback": "", "signalled": signalled})


ROBIN = "cancelled by robin"
RETURNED = "its procedure went on, and returned"
TOLD = Told(State.CANCELLED, ROBIN)


@pytest.mark.parametrize(
    ("exit", "said", "told", "lost", "state", "message"),
    [
        (Exit(0), report(State.SUCCEEDED), None, "", State.SUCCEEDED, "text"),
        (Exit(signal=9), report(State.WARNED), None, "", State.WARNED, "text"),
        (Exit(0), report(State.SUCCEEDED), TOLD, "", State.SUCCEEDED, "text"),  # it had ended before it heard
        (Exit(0), report(State.SUCCEEDED, signalled=True), TOLD, "", State.CANCELLED, f"{ROBIN}; {RETURNED}"),
        (Exit(0), report(State.WARNED, signalled=True), TOLD, "", State.CANCELLED, f"{ROBIN}; {RETURNED}"),
        (
            Exit(1),
            report(State.FAILED, signalled=True),
            TOLD,
            "",
            State.CANCELLED,
            f"{ROBIN}; its cleanup failed: text",
        ),
        (Exit(signal=9), None, TOLD, "", State.CANCELLED, f"{ROBIN}; SIGKILL ended it, without cleanup"),
        (Exit(signal=9), None, TOLD._replace(killed="late"), "", State.CANCELLED, f"{ROBIN}; late"),
        (Exit(code=3), None, TOLD, "", State.CANCELLED, f"{ROBIN}; it ended with exit status 3"),
        (Exit(code=3, told=False), None, TOLD, "", State.FAILED, "ended without reporting an outcome (exit status 3)"),
        (Exit(signal=11, told=False), None, TOLD, "", State.FAILED, "killed by signal SIGSEGV"),
        (Exit(), None, TOLD, "host lost", State.CANCELLED, f"{ROBIN}; host lost"),
        (Exit(), None, None, "host lost", State.INTERRUPTED, "host lost"),
        (Exit(), report(State.FAILED), None, "host lost", State.FAILED, "text"),
        (Exit(signal=34), None, None, "", State.FAILED, "killed by signal SIGRTMIN"),
        (Exit(signal=40), None, None, "", State.FAILED, "killed by signal 40"),
        (Exit(code=1), None, None, "", State.FAILED, "ended without reporting an outcome (exit status 1)"),
    ],
)
def test_one_outcome(exit: Exit, said: Report | None, told: Told | None, lost: str, state: State, message: str) -> None:
    outcome = outcome_of(exit, said, told, lost)
    assert (outcome.state, outcome.message) == (state, message)
    assert (outcome.exit_code, outcome.exit_signal) == (exit.code, exit.signal)


def test_the_exit_status_speaks_when_the_stream_cannot() -> None:
    states = [outcome_of(Exit(code), None, None, "").state for code in (EXIT_SUCCEEDED, EXIT_WARNED, EXIT_FAILED)]
    assert states == [State.SUCCEEDED, State.WARNED, State.FAILED]


@pytest.mark.parametrize("state", ["running", "cancelled", "interrupted", "no state", 3])
def test_a_job_cannot_report_what_only_the_daemon_knows(state: object) -> None:
    with pytest.raises(ValueError):
        Report({"state": state, "message": "", "traceback": "", "signalled": False})


def test_when_a_process_started() -> None:
    assert process_started(os.getpid()) > process_started(1) >= 0
    with pytest.raises(ProcessLookupError):
        process_started(2**22 + 1)
