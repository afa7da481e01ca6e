"""Log records as others send them: bytes from a stranger in, a record out. Pure.

The protocol is journald's (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/), so a process speaks the same to either.
"""

import struct

from linod.journal.entry import printable
from linod.tuples import NamedTuple

LONGEST_PROGRAM = 40
"""Characters of the name of a program that are shown."""

LEVELS = (50, 50, 50, 40, 30, 20, 20, 10)
"""The level of Python's logging for each PRIORITY, 0 to 7 (syslog(3))."""

FIELDS = 1024
"""Fields that one record may have, as journald has it."""


class BadDatagram(ValueError):
    """What came is no log record; the text says why."""


class Received(NamedTuple):
    """A record of another process.

    level    as in Python's logging, 10 to 50.
    program  what it calls itself, without blanks.
    text     printable, several lines too.
    """

    level: int
    program: str
    text: str


def parse(data: bytes) -> Received:
    """Read one record; raises BadDatagram for whatever is wrong with it."""
    fields = _fields(data)
    message = fields.get(b"MESSAGE")
    if message is None:
        raise BadDatagram("it has no MESSAGE")
    priority = fields.get(b"PRIORITY", b"6")
    if len(priority) != 1 or priority not in b"01234567":
        raise BadDatagram("its PRIORITY is not a number from 0 to 7")
    program = _text(fields.get(b"SYSLOG_IDENTIFIER", b""))
    shown = "".join(char for char in program if char.isprintable() and char not in " []")[:LONGEST_PROGRAM]
    return Received(LEVELS[int(priority)], shown or "?", printable(_text(message)))


def _fields(data: bytes) -> dict[bytes, bytes]:
    """The fields of a record; of several with one name the first. A position walks along: copies would be quadratic."""
    fields: dict[bytes, bytes] = {}
    at, size = 0, len(data)
    for _ in range(FIELDS):
        if at >= size:
            return fields
        end = data.find(b"\n", at)
        if end < 0:
            raise BadDatagram("it ends within a field")
        equals = data.find(b"=", at, end)
        if equals < 0:  # NAME, newline, 64 bits of length, value, newline
            name, start = data[at:end], end + 9
            if start > size:
                raise BadDatagram("it ends within a field")
            (length,) = struct.unpack_from("<Q", data, end + 1)
            end = start + length
            if data[end : end + 1] != b"\n":
                raise BadDatagram("a field has not the length that it says")
        else:
            name, start = data[at:equals], equals + 1
        if not name:
            raise BadDatagram("a field has no name")
        fields.setdefault(name, data[start:end])
        at = end + 1
    raise BadDatagram(f"it has more than {FIELDS} fields")


def _text(data: bytes) -> str:
    return data.decode(errors="backslashreplace")
