"""Lengths of time and sizes as people write them: `90s`, `1h 30min`, `512M`. Pure.

Source  systemd.time(7), "Parsing Time Spans"; systemd.resource-control(5), MemoryMax=.
"""

import re
from collections.abc import Callable, Mapping

_SECONDS = {
    **dict.fromkeys(("", "s", "sec", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3_600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weeks"), 604_800),
}
_BYTES = {"": 1, "B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}

_SHOWN_SECONDS = (("w", 604_800), ("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_SHOWN_BYTES = (("T", 1 << 40), ("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10))


def parse_seconds(value: object) -> int:
    """A length of time in whole seconds; a number alone counts seconds.

    Raises  ValueError with the reason, in words that follow the name of what is set.
    """
    found = _sum(value, _SECONDS, str.lower)
    if found is None:
        raise ValueError(f"{value!r} is not a length of time in whole seconds, such as 90s, 5min or 1h 30min")
    return found


def parse_bytes(value: object) -> int:
    """A size in bytes; K, M, G and T count by 1024.

    Raises  ValueError with the reason.
    """
    found = _sum(value, _BYTES, str.upper)
    if found is None:
        raise ValueError(f"{value!r} is not a size such as 512M, 2G or a number of bytes")
    return found


def _sum(value: object, units: Mapping[str, int], fold: Callable[[str], str]) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value >= 0 else None
    if not isinstance(value, str) or not re.fullmatch(r"(\s*\d{1,15}\s*[A-Za-z]*)+\s*", value, re.ASCII):
        return None
    parts = [(int(number), fold(unit)) for number, unit in re.findall(r"(\d+)\s*([A-Za-z]*)", value)]
    if not all(unit in units for _, unit in parts):
        return None
    return sum(number * units[unit] for number, unit in parts)


def seconds_text(seconds: int) -> str:
    """`1h 30min`: what `parse_seconds` reads."""
    parts = []
    for unit, size in _SHOWN_SECONDS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0s"


def bytes_text(size: int) -> str:
    """A size in the largest unit in which it is a whole number: `512M`."""
    for unit, factor in _SHOWN_BYTES:
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return f"{size}B"
