"""Text within limits: what plugins and their subprocesses print is any bytes, any length."""

import signal

from linod.host.protocol import LINE_BYTES

ELLIPSIS = "…"


def clean(text: str) -> str:
    """`text` as every database, journal and terminal line can hold it: no NUL, no lone surrogate."""
    if "\0" in text:
        text = text.replace("\0", "\\x00")
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode()
    return text


def cut(text: str, limit: int) -> str:
    """The beginning of `text`, at most `limit` bytes of UTF-8."""
    if len(text) * 4 <= limit:  # no character has more than four bytes
        return text
    data = text.encode("utf-8", "backslashreplace")
    if len(data) <= limit:
        return text
    return data[: limit - 3].decode("utf-8", "ignore") + ELLIPSIS


def cut_head(text: str, limit: int) -> str:
    """The end of `text`, at most `limit` bytes of UTF-8: of a long traceback, what went wrong."""
    data = text.encode("utf-8", "backslashreplace")
    if len(data) <= limit:
        return text
    return ELLIPSIS + data[3 - limit :].decode("utf-8", "ignore")


def size(count: int) -> str:
    """Bytes for people: 64 MiB, 1.5 GiB."""
    unit = 3 if count >= 1 << 30 else 2 if count >= 1 << 20 else 1
    return f"{round(count / (1 << 10 * unit), 1):g} {('KiB', 'MiB', 'GiB')[unit - 1]}"


class Lines:
    """Bytes in, lines of text out. Keeps no more than one line of LINE_BYTES; blank lines are not worth a record."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False  # behind the cut of a line that is too long

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` completes."""
        *whole, rest = data.split(b"\n")
        lines: list[str] = []
        for piece in whole:
            if not self._skipping:
                self._take(self._rest + piece, lines)
            self._rest, self._skipping = b"", False
        if not self._skipping:
            self._rest += rest
            if len(self._rest) > LINE_BYTES:
                self._take(self._rest, lines)
                self._rest, self._skipping = b"", True
        return lines

    def end(self) -> list[str]:
        """The last line, when it has no end."""
        lines: list[str] = []
        self._take(self._rest, lines)
        self._rest = b""
        return lines

    @staticmethod
    def _take(data: bytes, lines: list[str]) -> None:
        text = data[: LINE_BYTES + 4].decode("utf-8", "backslashreplace").rstrip()
        if text:
            lines.append(cut(clean(text), LINE_BYTES))


def signal_name(number: int) -> str:
    """SIGKILL for 9; real-time signals and unknown ones as numbers."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
