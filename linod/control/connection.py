"""One connection of the control socket: bytes, flow control, and callers that vanish."""

import asyncio
import select
from collections.abc import Callable, Mapping
from typing import Protocol

from linod.control.call import Call
from linod.control.interface import Refusal, refusal
from linod.control.messages import LIMIT, BadMessage, packed, parse
from linod.control.peer import Peer

STALLED = 30.0
"""Seconds for which a caller may leave a reply unread; then it is taken for dead."""

PATIENCE = 10.0
"""Seconds within which a message, once begun, must be complete."""

LOOK = 1.0
"""Seconds between two looks whether a caller that has ended its sending is there still."""


class Answers(Protocol):
    """What a connection needs of its server."""

    async def answer(self, call: Call, allowed: bool) -> Mapping[str, object]:
        """The last reply to a call, an error reply included. Raises nothing but CancelledError."""

    def forget(self, connection: "Connection") -> None:
        """The connection is closed."""


class Connection(asyncio.Protocol):
    """Reads calls and answers them one after the other, as Varlink wants it.

    A message of more than LIMIT bytes ends the connection; while a call is answered, at most that much is read ahead.
    Replies that nobody reads hold the call up, and after STALLED seconds end the connection.
    """

    def __init__(self, server: Answers, peer: Peer, allowed: bool) -> None:
        self._server = server
        self._peer = peer
        self._allowed = allowed
        self._buffer = bytearray()
        self._searched = 0  # bytes of the buffer known to hold no NUL: else a slow message is searched again and again
        self._loop = asyncio.get_running_loop()
        self._arrival: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._deadline: float | None = None  # for the rest of a message that has begun, on the loop's clock
        self._timer: asyncio.TimerHandle | None = None
        self._answering: Call | None = None
        self._interruptible = True
        self._ended = False  # the caller sends no more; it may read still
        self._gone = False
        self._stopping = False
        self._why: Refusal | None = None

    # the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.task = self._loop.create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._answering is not None and len(self._buffer) > LIMIT:
            self._transport.pause_reading()
            self._look_later()
        _wake(self._arrival)

    def eof_received(self) -> bool:
        self._ended = True
        _wake(self._arrival)
        if self._answering is not None:
            self._look()
        return True  # the transport stays open: the caller may have ended its sending only

    def connection_lost(self, exc: Exception | None) -> None:
        self._vanish()
        self._set_timer(None)
        self._server.forget(self)

    def pause_writing(self) -> None:
        self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        _wake(self._drained)
        self._drained = None

    # the server and the call tell

    def stop(self, why: Refusal | None = None) -> None:
        """linod stops: end when the change that is being made, if any, is made.

        why  told to a caller that waits for an answer or has yet to ask; without it, that linod stops, to the former.
        """
        self._stopping = True
        self._why = why
        if self._interruptible:
            self.task.cancel()

    def abort(self) -> None:
        """Close now, whatever is not sent."""
        self._transport.abort()

    def interruptible(self, yes: bool) -> None:
        self._interruptible = yes
        if yes and (self._gone or self._stopping):
            raise asyncio.CancelledError

    async def send(self, reply: Mapping[str, object]) -> None:
        if self._gone:
            return
        self._transport.write(packed(reply))
        if self._drained is not None:
            try:
                async with asyncio.timeout(STALLED):
                    await self._drained
            except TimeoutError:
                self._transport.abort()
                self._vanish()

    # the work

    async def _serve(self) -> None:
        try:
            while (raw := await self._next()) is not None:
                await self._answer(raw)
                if self._stopping:
                    break
        except BadMessage as error:
            await self.send(_reply(refusal("BadMessage", f"this is no Varlink call: {error}")))
        except asyncio.CancelledError:
            if self._stopping and (not self._answering.message.oneway if self._answering else self._why):
                self._transport.write(packed(_reply(self._why or refusal("Stopping", "linod is stopping"))))
        finally:
            self._answering = None
            self._set_timer(None)
            self._transport.close()
            if not self._gone:  # what is written goes out first, unless it is never read
                self._set_timer(STALLED, self._transport.abort)

    async def _next(self) -> bytes | None:
        """The next message without its NUL byte, None when there are no more."""
        while True:
            end = self._buffer.find(0, self._searched)
            size = end if end >= 0 else len(self._buffer)
            if size > LIMIT:
                raise BadMessage(f"it has more than {LIMIT} bytes")
            if end >= 0:
                raw = bytes(self._buffer[:end])
                del self._buffer[: end + 1]
                self._searched = 0
                self._deadline = None
                return raw
            self._searched = size
            if self._gone or (self._ended and not size):
                return None
            if self._ended:
                raise BadMessage("it ends before its NUL byte")
            await self._arrive()

    async def _arrive(self) -> None:
        """Wait for bytes: for ever between two messages, for PATIENCE in all within one."""
        self._arrival = self._loop.create_future()
        if not self._buffer:
            await self._arrival
            return
        if self._deadline is None:
            self._deadline = self._loop.time() + PATIENCE
        try:
            async with asyncio.timeout_at(self._deadline):
                await self._arrival
        except TimeoutError:
            raise BadMessage(f"it was not complete after {PATIENCE:g} seconds") from None

    async def _answer(self, raw: bytes) -> None:
        message = parse(raw)
        if self._gone and not message.oneway:
            return
        self._answering = call = Call(message, self._peer, self)
        self._interruptible = False
        if self._ended:
            self._look()
        reply = await self._server.answer(call, self._allowed)
        if not message.oneway:
            await self.send(reply)
        self._answering = None
        self._interruptible = True
        self._set_timer(None)
        if not self._gone:
            self._transport.resume_reading()

    # callers that vanish

    def _look(self) -> None:
        """A caller that has gone hangs up both directions; one that has only ended its sending awaits its reply."""
        if self._transport.is_closing():
            return
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), 0)
        if poll.poll(0):
            self._transport.abort()
            self._vanish()
        else:
            self._look_later()

    def _look_later(self) -> None:
        """The transport does not read now, so it would not notice."""
        self._set_timer(LOOK, self._look)

    def _vanish(self) -> None:
        self._gone = True
        _wake(self._arrival)
        _wake(self._drained)
        if self._answering is not None and self._interruptible:
            self.task.cancel()

    def _set_timer(self, seconds: float | None, then: Callable[[], object] = bool) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self._loop.call_later(seconds, then)


def _wake(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)


def _reply(error: Refusal) -> dict[str, object]:
    return {"error": error.name, "parameters": error.parameters}
