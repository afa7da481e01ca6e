"""One end of a SEQPACKET socket: a JSON message a packet, descriptors attached. Never blocks.

The other side's end shows as end of file, ECONNRESET or EPIPE, by chance: all three are `Gone`.
"""

import array
import json
import os
import socket
from collections import deque
from collections.abc import Sequence

from linod.host.protocol import Message

PACKET_BYTES = 1 << 20
"""More than a packet can have: a sender gets EMSGSIZE at its send buffer, 212 KB by default (net.core.wmem_default)."""

MAX_FDS = 8

encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class Gone(Exception):
    """The other side has closed its end."""


class BadPacket(Exception):
    """The other side sent what is no message."""


class Packets:
    """A socket and what could not be sent yet. Descriptors to send are closed here once they are sent or never will
    be."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self._queue: deque[tuple[bytes, Sequence[int]]] = deque()
        self._buffer = memoryview(bytearray(PACKET_BYTES))  # once: one for each packet would cost it 25 us

    def fileno(self) -> int:
        return self.sock.fileno()

    @property
    def waiting(self) -> bool:
        """Packets are queued: call `flush` when the socket is writable."""
        return bool(self._queue)

    def send(self, message: Message, fds: Sequence[int] = ()) -> None:
        """Send, or queue behind what is queued already.

        Raises  Gone; OSError with EMSGSIZE for a message larger than a packet.
        """
        self._queue.append((encode(message).encode(), fds))
        if len(self._queue) == 1:
            self.flush()

    def flush(self) -> None:
        """Send what is queued, as far as the socket takes it. Raises as `send` does."""
        while self._queue:
            data, fds = self._queue[0]
            try:
                if fds:
                    socket.send_fds(self.sock, [data], list(fds), socket.MSG_NOSIGNAL)
                else:
                    self.sock.send(data, socket.MSG_NOSIGNAL)
            except BlockingIOError:
                return
            except (BrokenPipeError, ConnectionResetError) as error:
                raise Gone from error  # close() takes care of the descriptors
            except OSError:
                self._done()
                raise
            self._done()

    def _done(self) -> None:
        """Forget the first packet; its descriptors are the other side's now."""
        _close(self._queue.popleft()[1])

    def receive(self) -> tuple[Message, list[int]] | None:
        """The next message with its descriptors, which now are the caller's; None when there is none yet.

        Raises  Gone, BadPacket.
        """
        try:
            size, ancillary, flags, _ = self.sock.recvmsg_into([self._buffer], _ANCILLARY, _RECEIVE)
        except BlockingIOError:
            return None
        except ConnectionResetError as error:
            raise Gone from error
        fds = _descriptors(ancillary)
        data = bytes(self._buffer[:size])
        if not data:
            _close(fds)
            raise Gone
        try:
            if flags & _CUT_OFF:
                raise BadPacket("a packet was cut off")
            return _decode(data), fds
        except BadPacket:
            _close(fds)
            raise

    def end(self) -> None:
        """Let the other side see the end, and go on hearing it."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:  # the other side has closed already
            return

    def close(self) -> None:
        """Close the socket and whatever was never sent."""
        for _, fds in self._queue:
            _close(fds)
        self._queue.clear()
        self.sock.close()


_ANCILLARY = socket.CMSG_SPACE(MAX_FDS * 4)
_RECEIVE = socket.MSG_CMSG_CLOEXEC
_CUT_OFF = int(socket.MSG_TRUNC | socket.MSG_CTRUNC)  # `|` of flags takes 2 µs


def _decode(data: bytes) -> Message:
    try:
        message = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadPacket(f"no JSON: {data[:80]!r}") from error
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise BadPacket(f"no message: {data[:80]!r}")
    return message


def _descriptors(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    fds = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    return list(fds)


def _close(fds: Sequence[int]) -> None:
    for fd in fds:
        os.close(fd)
