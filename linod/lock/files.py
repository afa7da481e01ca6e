"""A locked file: an open-file-description lock of fcntl(2), which a child inherits with the descriptor.

Looking at it is F_OFD_GETLK and takes nothing. (With flock(2), readers that looked made 711 of 2,000 starts fail.)
"""

import fcntl
import os
import struct
from pathlib import Path

FLOCK = struct.Struct("hhqqi0q")
"""struct flock of fcntl(2) on 64-bit Linux, padded by the machine's rules: type, whence, start, length, pid."""

HELD = 0
"""The byte whose lock is what all this is about."""

TURN = 1
"""The byte whose lock newcomers hold for a moment, so that one at a time takes over and writes who it is."""

LONGEST = 4096
"""Bytes of the text inside that are read."""


class LockFile:
    """A file that one process at a time holds; `text` inside it says who.

    The lock belongs to the open file: it is free when all who inherited the descriptor have closed it or ended.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    @property
    def fd(self) -> int:
        """The descriptor that holds the lock.

        Raises  ValueError when the file is not open.
        """
        if self._fd is None:
            raise ValueError(f"{self.path} is not open in this process")
        return self._fd

    def open(self) -> None:
        """Open the file, making it when there is none.

        Raises  OSError.
        """
        self.close()
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def lock(self, byte: int) -> bool:
        """Lock one byte without waiting; False when another open file has it locked."""
        try:
            fcntl.fcntl(self.fd, fcntl.F_OFD_SETLK, _flock(fcntl.F_WRLCK, byte))
        except (BlockingIOError, PermissionError):  # EAGAIN or EACCES, fcntl(2)
            return False
        return True

    def unlock(self, byte: int) -> None:
        """Unlock a byte, for everybody who has inherited the descriptor too."""
        fcntl.fcntl(self.fd, fcntl.F_OFD_SETLK, _flock(fcntl.F_UNLCK, byte))

    def take(self) -> bool:
        """Open the file and lock HELD without waiting; False when another holds it.

        Raises  OSError when the file cannot be opened.
        """
        while True:
            self.open()
            if not self.lock(HELD):
                self.close()
                return False
            if self._is_there(self.fd):
                return True  # else its holder removed it while it was opened: the file of this name is another one now

    def _is_there(self, fd: int) -> bool:
        try:
            there = os.stat(self.path)  # noqa: PTH116  # compared with fstat
        except FileNotFoundError:
            return False
        mine = os.fstat(fd)
        return (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino)

    def write(self, text: str) -> None:
        """Replace the text inside, in one write: a reader sees the old one or the new one."""
        data = text.encode()
        os.pwrite(self.fd, data, 0)
        os.ftruncate(self.fd, len(data))

    def read(self) -> str:
        """The text inside; "" when there is no file, or it may not be read."""
        try:
            with self.path.open("rb") as file:
                return file.read(LONGEST).decode(errors="replace")
        except OSError:
            return ""

    def locked(self) -> bool:
        """Whether some process holds it, this one included; takes nothing.

        Raises  PermissionError when the file may not be read.
        """
        try:
            with self.path.open("rb") as file:
                found = fcntl.fcntl(file, fcntl.F_OFD_GETLK, _flock(fcntl.F_WRLCK, HELD))
        except FileNotFoundError:
            return False
        return bool(FLOCK.unpack(found)[0] != fcntl.F_UNLCK)

    def close(self) -> None:
        """Give up this process's descriptor; one that a child inherited keeps the lock. A second call does no harm.

        It does not unlock: that would release the lock for the children too.
        """
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def remove(self) -> None:
        """Remove the file, then give up the lock: a newcomer sees the file locked, or none."""
        if self._fd is not None and self._is_there(self._fd):
            self.path.unlink()
        self.close()


def _flock(kind: int, byte: int) -> bytes:
    return FLOCK.pack(kind, os.SEEK_SET, byte, 1, 0)  # the pid must be 0 for these locks
