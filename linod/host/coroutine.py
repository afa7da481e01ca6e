"""Running an `async def` procedure in the child. Its own module, because it imports asyncio."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

from linod.host.verdict import JobTerminated


def run(procedure: Awaitable[object], told: Callable[[], None]) -> None:
    """Run it to its end in a loop of its own.

    told  called when the job is told to end: the procedure then sees CancelledError, as asyncio code expects,
          because an exception raised by a signal handler in the middle of the loop may end in a callback that is
          not the procedure's.
    """
    asyncio.run(_cancellable(procedure, told))


async def _cancellable(procedure: Awaitable[object], told: Callable[[], None]) -> None:
    task = asyncio.current_task()
    assert task is not None
    signals: list[int] = []

    def on_signal() -> None:
        if not signals:
            signals.append(signal.SIGTERM)
            told()
            task.cancel()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, on_signal)
    try:
        await procedure
    except asyncio.CancelledError:
        if signals:
            raise JobTerminated from None
        raise
