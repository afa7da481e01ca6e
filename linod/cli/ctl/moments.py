"""Moments as people write them on the command line, in the time zone of the terminal.

Source  systemd.time(7), "Parsing Timestamps": the forms that `journalctl --since` takes and people use.
"""

import re
from datetime import UTC, datetime, timedelta

import typer

from linod.clock import SystemClock
from linod.quantities import parse_seconds

WORDS = {"today": 0, "yesterday": -1, "tomorrow": 1}

FORMS = "'2026-11-24 03:00', 2026-11-24, 03:00, yesterday, -2h, '2 hours ago' or 2026-11-24T03:00:00Z"


def wire_moment(option: str, text: str) -> str | None:
    """A moment of an option in RFC 3339, as the wire has it; None for "".

    Raises  typer.BadParameter, which names the option.
    """
    if not text.strip():
        return None
    try:
        return parse(text, SystemClock().now()).isoformat()
    except (ValueError, OverflowError, OSError):
        raise typer.BadParameter(f"{text!r} is not a moment such as {FORMS}", param_hint=option) from None


def parse(text: str, now: datetime) -> datetime:
    """The moment in UTC; a time without a zone is local, as this process has it.

    Raises  ValueError or OverflowError for what is none.
    """
    word = " ".join(text.split())
    if word == "now":
        return now
    if word in WORDS:
        return _local(_midnight(now) + timedelta(days=WORDS[word]))
    if word.startswith("@"):
        return datetime.fromtimestamp(float(word[1:]), UTC)
    if word[0] in "+-":
        return now + timedelta(seconds=parse_seconds(word[1:])) * (-1 if word[0] == "-" else 1)
    if word.endswith(" ago"):
        return now - timedelta(seconds=parse_seconds(word.removesuffix(" ago")))
    if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", word):
        hour, *rest = map(int, word.split(":"))
        return _local(_midnight(now).replace(hour=hour, minute=rest[0], second=rest[1] if rest[1:] else 0))
    moment = datetime.fromisoformat(word)
    return _local(moment) if moment.tzinfo is None else moment.astimezone(UTC)


def _midnight(now: datetime) -> datetime:
    return now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)


def _local(naive: datetime) -> datetime:
    return naive.astimezone().astimezone(UTC)
