"""The three descriptors of one child, made by the daemon: so a job for which no spare waits takes the same way."""

import os
import socket

from linod.tuples import NamedTuple

LINGER = 2.0
"""Seconds that a channel may stay open after its child is gone, because a process that it started holds it."""


class Channel(NamedTuple):
    """The daemon's ends, which do not block, and `theirs`, to be passed: stream, standard output, standard error.

    stream  order down; records, progress and report up.
    stdout, stderr  pipes, because a socket cannot be opened as /dev/stdout: what C code and subprocesses print.
    """

    stream: socket.socket
    stdout: int
    stderr: int
    theirs: tuple[int, int, int]

    @classmethod
    def make(cls) -> "Channel":
        """Raises OSError (EMFILE) when the daemon has no descriptors left."""
        opened: list[int] = []
        try:
            ours, theirs = socket.socketpair()
            opened += ours.detach(), theirs.detach()
            opened += os.pipe2(os.O_CLOEXEC)
            opened += os.pipe2(os.O_CLOEXEC)
        except OSError:
            for fd in opened:
                os.close(fd)
            raise
        stream, stream_theirs, stdout, stdout_theirs, stderr, stderr_theirs = opened
        for fd in (stream, stdout, stderr):
            os.set_blocking(fd, False)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, stream)
        return cls(sock, stdout, stderr, (stream_theirs, stdout_theirs, stderr_theirs))

    def close(self) -> None:
        """Close the daemon's ends; of a channel that no job got. A child that waits on it takes that for its end."""
        self.stream.close()
        os.close(self.stdout)
        os.close(self.stderr)
