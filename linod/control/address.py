"""Paths of Unix sockets: as long as they like, although the kernel takes 107 bytes. Cheap to import."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST = 107
"""Bytes of a socket's path: `sun_path` of unix(7) has 108, one of them for a NUL byte."""

BACKLOG = 1024
"""Connections that may wait to be accepted; a non-blocking caller beyond them gets EAGAIN."""


@contextmanager
def short(path: Path) -> Iterator[str]:
    """A name for the socket at `path` that the kernel takes, while the context lasts."""
    if len(os.fsencode(path)) <= LONGEST:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


def listen(path: Path, mode: int = 0o660, group: str = "linod", backlog: int = BACKLOG) -> socket.socket:
    """A listening socket at `path`, in the place of one that a dead daemon left.

    mode   permissions of the socket: who may not write to it cannot connect.
    group  gets the socket, if it exists and the daemon may give it away (root, or a member).
    The caller holds the lock that says that no daemon lives; removing the file is the caller's too.
    """
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        before = os.umask(0o777)  # nobody connects before mode and group are right
        try:
            with short(path) as name:
                sock.bind(name)
        finally:
            os.umask(before)
        _give_to(path, group)
        path.chmod(mode)
        sock.listen(backlog)
    except BaseException:
        sock.close()
        raise
    return sock


def _give_to(path: Path, group: str) -> None:
    import grp

    try:
        os.chown(path, -1, grp.getgrnam(group).gr_gid)
    except (KeyError, PermissionError):
        return  # root and the daemon's own user can connect all the same
