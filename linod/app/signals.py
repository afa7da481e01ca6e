"""The signals of the daemon: what each one does, and those that come before the loop runs."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from types import FrameType

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def has_terminal() -> bool:
    """Whether this process has a controlling terminal: then SIGHUP means that somebody closed it."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


class EarlySignals:
    """Remembers stop signals from the first line on, so that linod ends with "Done" before READY too.

    count  stop signals so far; each after the first shortens the wait.
    """

    def __init__(self) -> None:
        self.count = 0
        for number in STOP_SIGNALS:
            signal.signal(number, self._remember)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.count += 1

    def hand_over(
        self, loop: asyncio.AbstractEventLoop, stop: Callable[[str], None], reload: Callable[[], None]
    ) -> None:
        """Let the loop take the signals from here on; those that came before are told now.

        stop    called once a stop signal, with its name.
        reload  called when SIGHUP came with no terminal to hang up.
        """
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, stop, number.name)
        loop.add_signal_handler(signal.SIGHUP, (lambda: stop("SIGHUP")) if has_terminal() else reload)
        for _ in range(self.count):
            stop("a signal")
