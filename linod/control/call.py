"""One call being answered: what a method sees of the connection."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from linod.control.interface import service_refusal
from linod.control.messages import Message
from linod.control.peer import Peer


class Line(Protocol):
    """What a call needs of its connection."""

    async def send(self, reply: Mapping[str, object]) -> None:
        """Write one reply, waiting while the caller does not read."""

    def interruptible(self, yes: bool) -> None:
        """Whether the answer may be broken off now; raises CancelledError at once when it should have been."""


class Call:
    """A call, who made it, and the way for replies before the last one."""

    def __init__(self, message: Message, peer: Peer, line: Line) -> None:
        self.message = message
        self.peer = peer
        self._line = line

    @property
    def more(self) -> bool:
        return self.message.more

    def expect_more(self) -> None:
        """Refuse a caller that takes one reply only, where several come."""
        if not self.message.more:
            raise service_refusal("ExpectedMore")

    async def reply(self, parameters: Mapping[str, object]) -> None:
        """One reply of several; the last one is what the method returns."""
        if not self.message.oneway:
            await self._line.send({"parameters": parameters, "continues": True})

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Within this the call ends when its caller goes away or linod stops; a change once begun goes to its end."""
        self._line.interruptible(True)
        try:
            yield
        finally:
            self._line.interruptible(False)


Handler = Callable[..., Awaitable[Mapping[str, object]]]
"""A method: takes the Call and the checked parameters by name, returns the parameters of the last reply."""
