"""The line that `systemctl status` shows: told when it has changed, and no more often than people read."""

import asyncio
from collections.abc import Callable

PAUSE = 1.0
"""Seconds between two. PID 1 hands each to all who watch its units, and 200 jobs a second would change it 400 times."""


class StatusLine:
    """Lives in the loop.

    text  makes the line as of now.
    tell  tells systemd.
    """

    def __init__(self, text: Callable[[], str], tell: Callable[[str], None]) -> None:
        self._text = text
        self._tell = tell
        self._told = ""
        self._stopped = False
        self._pausing: asyncio.TimerHandle | None = None

    def may_have_changed(self) -> None:
        """Tell of a change: now, or when the pause after the last one is over."""
        if self._pausing is None and not self._stopped:
            self._look()

    def _look(self) -> None:
        self._pausing = None
        text = self._text()
        if text != self._told:
            self._told = text
            self._tell(text)
            self._pausing = asyncio.get_running_loop().call_later(PAUSE, self._look)

    def stop(self) -> None:
        """Somebody else has the line from here on."""
        self._stopped = True
        if self._pausing is not None:
            self._pausing.cancel()
