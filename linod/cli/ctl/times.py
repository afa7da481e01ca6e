"""Moments and durations for people: local time, as the clock on their wall has it."""

from datetime import datetime

from linod.clock import SystemClock

_STEPS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def local(moment: str | None) -> str:
    """A moment of the wire in local time: "2026-11-24 03:00:00"; "" for None."""
    return "" if moment is None else f"{_parsed(moment).astimezone():%Y-%m-%d %H:%M:%S}"


def brief(moment: str | None) -> str:
    """The same for a narrow place: "11-24 04:03", of this year; of another one "2025-11-24"."""
    if moment is None:
        return ""
    at = _parsed(moment).astimezone()
    return f"{at:%m-%d %H:%M}" if at.year == SystemClock().now().astimezone().year else f"{at:%Y-%m-%d}"


def clock(moment: str) -> str:
    """Only the time of the day, local."""
    return f"{_parsed(moment).astimezone():%H:%M:%S}"


def ago(moment: str, now: datetime | None = None) -> str:
    """How far a moment is: "5 minutes ago", "in 2 hours"."""
    seconds = ((now or SystemClock().now()) - _parsed(moment)).total_seconds()
    return f"{_rough(seconds)} ago" if seconds >= 0 else f"in {_rough(-seconds)}"


def took(seconds: float | None) -> str:
    """A duration: "0.31 s", "12 s", "3 min 20 s", "2 h 5 min"; "" for None."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.2g} s" if seconds >= 0.095 else f"{seconds:.3f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _rough(seconds: float) -> str:
    for size, unit in _STEPS:
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "0 seconds"


def _parsed(moment: str) -> datetime:
    return datetime.fromisoformat(moment)
