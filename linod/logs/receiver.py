"""The log socket of a daemon, and the thread that reads it."""

import array
import os
import select
import signal
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from linod.clock import Clock
from linod.errors import LinodError
from linod.logs.address import NAME, bind, identity
from linod.logs.datagrams import BadDatagram, Received, parse
from linod.logs.sealed import read_sealed
from linod.tuples import NamedTuple

LOOK = 1.0
"""Seconds between two looks whether the socket's file is there still: somebody may have removed the directory."""

REPORT = 60.0
"""Seconds between two reports about what could not be taken: a broken sender must not fill the log."""

PATIENCE = 2.0
"""Seconds that the end of linod waits for the thread, as for the journal."""

LARGEST = 256 * 1024
"""Bytes of a datagram; without privileges the kernel allows 208 KiB (net.core.wmem_default), and what is longer comes
as a memory file."""

CREDENTIALS = struct.Struct("iII")  # struct ucred of unix(7): pid, uid, gid
ROOM = socket.CMSG_SPACE(CREDENTIALS.size) + socket.CMSG_SPACE(4)
"""Bytes for who sends, and for one file; the kernel closes more files than one itself."""


class Sender(NamedTuple):
    """The process that sent, as the kernel tells it."""

    pid: int
    uid: int


class LogSocket:
    """Reads what other processes of the site send to `lino.log.sock`.

    take    called with each record, in the thread; raises OSError when it cannot be written.
    report  called with a sentence about what could not be taken, in the thread: once, then once a minute at most.
    """

    def __init__(
        self, directory: Path, take: Callable[[Sender, Received], None], report: Callable[[str], None], clock: Clock
    ) -> None:
        self.path = directory / NAME
        self._take = take
        self._report = report
        self._clock = clock
        self._buffer = bytearray(LARGEST)
        self._losses = 0
        self._last_loss = ""
        self._reported: float | None = None
        self._trouble = ""
        self._stop = os.eventfd(0, os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._run, name="linod-log-socket", daemon=True)

    def open(self) -> None:
        """Listen from now on. Raises OSError, and LogDirTaken when another daemon listens there."""
        self._socket, self._made = bind(self.path)
        self._thread.start()

    def close(self) -> None:
        """Take what has come, and listen no more. A thread that a disk keeps waiting is left behind with its socket."""
        os.eventfd_write(self._stop, 1)
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            return
        os.close(self._stop)
        if identity(self.path) == self._made:
            with suppress(OSError):
                self.path.unlink()
        self._read()
        self._socket.close()
        self._tell_losses(at_once=True)

    # in the thread

    def _run(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # signals are for the main thread
        looked = self._clock.monotonic()
        while True:
            if self._stop in self._poll():
                return
            self._read()
            if self._clock.monotonic() - looked >= LOOK:
                looked = self._clock.monotonic()
                self._look()
                self._tell_losses()

    def _poll(self) -> list[int]:
        poll = select.poll()
        poll.register(self._stop, select.POLLIN)
        poll.register(self._socket, select.POLLIN)
        return [fd for fd, _ in poll.poll(LOOK * 1000)]

    def _look(self) -> None:
        """Make the socket's file again when it has gone; senders find the new one by its path."""
        if identity(self.path) == self._made:
            return
        try:
            sock, made = bind(self.path)
        except (OSError, LinodError) as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                self._report(f"The log socket cannot be made again: {error}")
            return
        self._read()  # what was sent to the old one before there was a new one
        self._socket.close()
        self._socket, self._made = sock, made
        self._trouble = ""

    def _read(self) -> None:
        """Take what has come, but no more than a queue of it in one go: the thread has to look around, too."""
        for _ in range(1024):
            try:
                size, ancillary, flags, _ = self._socket.recvmsg_into(
                    [self._buffer], ROOM, socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC
                )
            except BlockingIOError:
                return
            sender, files = _unpack(ancillary)
            try:
                self._take(sender, self._record(size, flags, files))
            except BadDatagram as error:
                self._lose(f"pid {sender.pid} of uid {sender.uid} sent what is no log record: {error}")
            except OSError as error:
                self._lose(f"a record of pid {sender.pid} could not be written: {error.strerror}")
            finally:
                for fd in files:
                    os.close(fd)

    def _record(self, size: int, flags: int, files: list[int]) -> Received:
        if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
            raise BadDatagram(f"it is longer than {LARGEST} bytes, or several files came with it")
        if files:
            return parse(read_sealed(files[0]))
        return parse(bytes(self._buffer[:size]))

    def _lose(self, why: str) -> None:
        self._losses += 1
        self._last_loss = why
        self._tell_losses()

    def _tell_losses(self, *, at_once: bool = False) -> None:
        now = self._clock.monotonic()
        if not self._losses or not (at_once or self._reported is None or now - self._reported >= REPORT):
            return
        self._report(f"The log socket could not take {self._losses} of what it was sent. The last: {self._last_loss}.")
        self._reported = now
        self._losses = 0


def _unpack(ancillary: list[tuple[int, int, bytes]]) -> tuple[Sender, list[int]]:
    sender, files = Sender(0, 0), array.array("i")
    for level, kind, data in ancillary:
        if level != socket.SOL_SOCKET:
            continue
        if kind == socket.SCM_CREDENTIALS:
            sender = Sender(*CREDENTIALS.unpack(data[: CREDENTIALS.size])[:2])
        elif kind == socket.SCM_RIGHTS:
            files.frombytes(data[: len(data) - len(data) % files.itemsize])
    return sender, files.tolist()
