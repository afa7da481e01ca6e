"""What strangers send: records, and all that is none."""

import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from linod.journal.native import datagram
from linod.logs.datagrams import FIELDS, BadDatagram, Received, parse


def test_a_record_is_read_as_it_was_sent() -> None:
    fields = {"MESSAGE": "one\ntwo\n", "PRIORITY": "3", "SYSLOG_IDENTIFIER": "shop", "CODE_FILE": "a=b"}
    assert parse(datagram(fields.items())) == Received(40, "shop", "one\ntwo")


def test_a_message_is_enough() -> None:
    assert parse(b"MESSAGE=x\n") == Received(20, "?", "x")


@pytest.mark.parametrize(
    ("priority", "level"), [("0", 50), ("2", 50), ("3", 40), ("4", 30), ("5", 20), ("6", 20), ("7", 10)]
)
def test_priorities_are_levels(priority: str, level: int) -> None:
    assert parse(f"PRIORITY={priority}\nMESSAGE=x\n".encode()).level == level


def test_what_is_unprintable_is_spelt_out() -> None:
    sent = b"MESSAGE=\x1b[2J\xff\nSYSLOG_IDENTIFIER=a [7] : \x07b" + b"c" * 99 + b"\n"
    record = parse(sent)
    assert record.text == "\\x1b[2J\\xff"
    assert record.program == "a7:b" + "c" * 36


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no MESSAGE"),
        (b"PRIORITY=3\n", "no MESSAGE"),
        (b"MESSAGE=x", "ends within a field"),
        (b"MESSAGE\n", "ends within a field"),
        (b"MESSAGE\n\x01\x00\x00\x00\x00\x00\x00\x00x", "length"),
        (b"MESSAGE\n" + struct.pack("<Q", 2) + b"x\n", "length"),
        (b"MESSAGE\n" + struct.pack("<Q", 2**64 - 1) + b"x\n", "length"),
        (b"=x\n", "no name"),
        (b"MESSAGE=x\nPRIORITY=8\n", "PRIORITY"),
        (b"MESSAGE=x\nPRIORITY=\n", "PRIORITY"),
        (b"MESSAGE=x\nPRIORITY=12\n", "PRIORITY"),
        (b"MESSAGE=x\n" + b"A=1\n" * FIELDS, "more than 1024 fields"),
        (b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x07pickled\x94.", "ends within a field"),
    ],
)
def test_what_is_no_record_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(BadDatagram, match=why):
        parse(data)


@given(st.binary(max_size=200))
@example(b"MESSAGE\n" + b"\xff" * 8)
def test_bytes_give_a_record_or_a_refusal(data: bytes) -> None:
    try:
        record = parse(data)
    except BadDatagram:
        return
    assert record.text.encode() is not None and " " not in record.program


@given(st.text(), st.sampled_from([10, 20, 30, 40, 50]))
def test_any_text_survives_as_printable_text(text: str, level: int) -> None:
    priority = {10: "7", 20: "6", 30: "4", 40: "3", 50: "2"}[level]
    record = parse(datagram([("MESSAGE", text), ("PRIORITY", priority)]))
    assert record.level == level
    assert record.text.replace("\n", "").replace("\t", "").isprintable() or not record.text.isascii()
