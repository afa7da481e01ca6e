"""Many descriptors behind one reader of the loop."""

import asyncio
import select
from collections.abc import Callable

AT_ONCE = 64
"""Descriptors served in one turn of the loop; the others are first in the next."""


class Mux:
    """An epoll of its own inside the loop's: a job's three descriptors cost three system calls, not three readers
    of asyncio.

    Handlers read a bounded amount each; what is left over is served after the loop had its turn.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._handlers: dict[int, Callable[[], None]] = {}
        asyncio.get_running_loop().add_reader(self._epoll.fileno(), self._serve)

    def add(self, fd: int, handler: Callable[[], None], events: int = select.EPOLLIN) -> None:
        """Call `handler` whenever `fd` is readable or at its end, or what else `events` of epoll(7) say."""
        self._handlers[fd] = handler
        self._epoll.register(fd, events)

    def remove(self, fd: int) -> None:
        """Forget `fd`; before it is closed."""
        del self._handlers[fd]
        self._epoll.unregister(fd)

    def _serve(self) -> None:
        for fd, _ in self._epoll.poll(0, AT_ONCE):
            handler = self._handlers.get(fd)
            if handler is not None:  # else removed by a handler before it in this turn
                handler()

    def close(self) -> None:
        """Take the reader out of the loop. Every descriptor must have been removed."""
        asyncio.get_running_loop().remove_reader(self._epoll.fileno())
        self._epoll.close()
