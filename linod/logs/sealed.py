"""Memory files that come with a datagram: records too long for one."""

import fcntl
import os

from linod.journal.native import SEALS
from linod.logs.datagrams import BadDatagram

LONGEST = 8 * 1024 * 1024
"""Bytes of one record: as much as a job may log in all."""


def read_sealed(fd: int) -> bytes:
    """What is in a memory file that nobody can change any more; journald takes no other either.

    Raises  BadDatagram when it is another kind of file, can be changed still, or is too long.
    """
    try:
        seals = fcntl.fcntl(fd, fcntl.F_GET_SEALS)
    except OSError:  # no memory file: a disk or a pipe may keep its reader waiting
        raise BadDatagram("the file that came with it is no memory file") from None
    if seals & SEALS != SEALS:
        raise BadDatagram("the memory file that came with it is not sealed")
    size = os.fstat(fd).st_size
    if size > LONGEST:
        raise BadDatagram(f"it has {size} bytes, and {LONGEST} are the most")
    return os.pread(fd, size, 0)
