"""The sockets that systemd passed to this process: what is left to say on them when linod cannot start."""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress

FIRST = 3
"""SD_LISTEN_FDS_START of sd_listen_fds(3)."""


def passed(environ: Mapping[str, str]) -> range:
    """The descriptors that were passed; none when the variables are missing or mean another process."""
    count = environ.get("LISTEN_FDS", "")
    if environ.get("LISTEN_PID") != str(os.getpid()) or not count.isdecimal():
        return range(0)
    return range(FIRST, FIRST + int(count))


def refuse_callers(environ: Mapping[str, str], text: str) -> None:
    """Answer all who wait on them with a configuration error, because no linod is going to.

    Left waiting they would have systemd start the service again at once, until it and its socket have both failed:
    also those who can be reached only without python-systemd, whose absence may be the error.
    """
    from linod.control.server import refuse_waiting

    for fd in passed(environ):
        with suppress(OSError):  # no socket, or none that listens
            refuse_waiting(socket.socket(fileno=os.dup(fd)), text)
