"""The log socket's file: made, looked at, and taken away."""

import os
import socket
from pathlib import Path

from linod.errors import ConfigurationError

NAME = "lino.log.sock"
DRAFT = ".lino.log.new"
"""Not longer than the name: the path of a socket has its limit."""


class LogDirTaken(ConfigurationError):
    """Another daemon listens in this directory."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: another process listens on this log socket; set log_dir to a directory of this site alone"
        )


def bind(path: Path) -> tuple[socket.socket, tuple[int, int]]:
    """Make the log socket. Under another name first: a file that a dead daemon left is replaced, and at no moment is
    there none.

    Returns  the socket, which tells who sends, and its file's device and inode.
    Raises   OSError, and LogDirTaken when somebody listens there.
    """
    if _is_alive(path):
        raise LogDirTaken(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(DRAFT)
    draft.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        sock.bind(str(draft))
        draft.chmod(0o660)  # the directory's owner and group; its set-group-ID bit says which group that is
        made = identity(draft)
        assert made is not None
        draft.replace(path)
    except BaseException:
        sock.close()
        raise
    return sock, made


def identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of the file at `path`, None when there is none."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_alive(path: Path) -> bool:
    """Whether a process has the socket at `path` open: connecting to one that nobody has is refused."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
