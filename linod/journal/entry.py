"""One record of the log as a plain value, and its text as it may stand in a log. Pure."""

import re
from collections.abc import Mapping

from linod.journal.events import Event
from linod.tuples import NamedTuple

UNPRINTABLE = "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]"
"""Control characters but tab and newline: journalctl shows a message that has one as "[14B blob data]", and a terminal
obeys them. Lone surrogates: no encoding takes them, and a procedure gets some from each file name that is not UTF-8.
Compiled by the first text that needs it, and kept by `re`: that takes 0.9 ms, and no start has one."""


class Entry(NamedTuple):
    """One record.

    level   as in Python's logging, 10 to 50.
    text    any text, several lines too.
    event   which MESSAGE_ID, None for none.
    fields  further fields of the journal, names in capitals: LINOD_TASK, LINOD_JOB.
    of_job  whether a procedure logged it; those are dropped first.
    """

    level: int
    text: str
    event: Event | None
    fields: Mapping[str, str]
    of_job: bool


def printable(text: str) -> str:
    """The text with what is unprintable spelt out (`\\x00`, `\\udcff`), its line ends newlines, and none at its end."""
    if text.isprintable():
        return text
    return re.sub(UNPRINTABLE, _spell, text.replace("\r\n", "\n").rstrip("\n"))


def priority(level: int) -> int:
    """The journal's PRIORITY (syslog(3)) of a level of Python's logging."""
    for least, number in ((50, 2), (40, 3), (30, 4), (20, 6)):
        if level >= least:
            return number
    return 7


def _spell(match: re.Match[str]) -> str:
    return match[0].encode("ascii", "backslashreplace").decode() if match[0] > "\x7f" else f"\\x{ord(match[0]):02x}"
