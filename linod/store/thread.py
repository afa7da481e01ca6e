"""The thread that uses the database: calls from the loop, one after the other, and their results back into it."""

import asyncio
import signal
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

from linod.errors import DatabaseAway
from linod.tuples import NamedTuple

T = TypeVar("T")

FAULTS = {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}
"""Of the thread that causes them; blocked there, faulthandler could not show where that was."""

OTHERS = set(range(1, 32)) - FAULTS
"""The standard signals but for those: as numbers, because 64 members of an enum take a start 0.2 ms."""


class _Call(NamedTuple):
    func: Callable[..., Any]
    args: tuple[object, ...]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"


class DatabaseThread:
    """One plain thread. (An executor of the standard library joins its threads at exit, however long they take.)"""

    def __init__(self) -> None:
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="linod-database", daemon=True)
        self._closed = False

    def start(self) -> None:
        """Begin to serve calls."""
        self._thread.start()

    async def run(self, func: Callable[..., T], *args: object) -> T:
        """Call `func` in the thread and wait for its result; what it raises is raised here.

        A caller that is cancelled meanwhile does not stop the call: its transaction may be under way.
        Raises  DatabaseAway after `close()`.
        """
        if self._closed:
            raise DatabaseAway("linod is stopping, its database is closed; ask again when it runs")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._calls.put(_Call(func, args, loop, future))
        return await future

    def close(self, timeout: float | None = None) -> bool:
        """Let what was asked for finish, and end the thread. A second call does no harm.

        timeout  seconds to wait at most.
        Returns  whether the thread has ended.
        """
        if not self._closed:
            self._closed = True
            self._calls.put(None)
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _serve(self) -> None:
        # Signals are for the main thread. A frozen process has the watchdog's SIGABRT and SIGCONT at once: taken here,
        # the loop would run on while the stacks are written, accept a request, and die with it.
        signal.pthread_sigmask(signal.SIG_BLOCK, OTHERS)
        while (call := self._calls.get()) is not None:
            result: object = None
            error: BaseException | None = None
            try:
                result = call.func(*call.args)
            except StopIteration as raised:  # a future refuses this one, and its caller would wait for ever
                error = RuntimeError("a call in the database thread raised StopIteration")
                error.__cause__ = raised
            except BaseException as raised:  # the caller gets it, whatever it is; this thread serves on
                error = raised
            try:
                call.loop.call_soon_threadsafe(_settle, call.future, result, error)
            except RuntimeError:  # the loop is closed: nobody waits any more
                continue


def _settle(future: "asyncio.Future[Any]", result: object, error: BaseException | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
