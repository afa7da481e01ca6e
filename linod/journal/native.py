"""Records for journald in its native protocol: https://systemd.io/JOURNAL_NATIVE_PROTOCOL/

Not through python-systemd: its `sendv` keeps Python's global lock while libsystemd waits for journald (235, the newest;
its pull request 170 is open). With a journald that had stopped reading, not only the writer thread but the whole
process stood still: 5.6 of 5.6 s measured. It also reports success when the socket does not exist.
"""

import errno
import fcntl
import os
import socket
import struct
from collections.abc import Iterable

from linod.journal.entry import Entry, printable, priority

SOCKET = "/run/systemd/journal/socket"

SEND_BUFFER = 8 * 1024 * 1024
"""As libsystemd asks for; unprivileged processes get what net.core.wmem_max allows, and larger records go as a file."""

SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
"""journald reads a passed memory file only when nobody can change it any more."""


class NativeWriter:
    """Sends records to journald, each at its own level, with LINOD_SITE, MESSAGE_ID and the fields of the record.

    A blocking socket: while journald does not read, the thread that writes sleeps in the kernel, and no other waits.
    """

    trouble = ""

    def __init__(self, site: str, path: str = SOCKET) -> None:
        self._site = site
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    def write(self, entry: Entry) -> None:
        """Send one record. Raises OSError when journald cannot be reached."""
        send(self._socket, datagram(self._fields(entry)), self._path)

    def _fields(self, entry: Entry) -> Iterable[tuple[str, str]]:
        yield "MESSAGE", printable(entry.text)
        yield "PRIORITY", str(priority(entry.level))
        yield "SYSLOG_IDENTIFIER", "linod"
        yield "LINOD_SITE", self._site
        if entry.event:
            yield "MESSAGE_ID", entry.event.value
        yield from entry.fields.items()


def send(sock: socket.socket, data: bytes, path: str, flags: int = 0) -> None:
    """Send a record to the datagram socket at `path`; one that is too large for a datagram as a sealed memory file.

    flags   of sendmsg(2).
    Raises  OSError when it cannot be reached, or does not take it.
    """
    try:
        sock.sendto(data, flags, path)  # not connected: a receiver that came back has another socket there
    except OSError as error:
        if error.errno not in (errno.EMSGSIZE, errno.ENOBUFS):
            raise
    else:
        return
    fd = os.memfd_create("linod-log-record", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with os.fdopen(fd, "wb", buffering=0) as file:
        file.write(data)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, SEALS)
        passed = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", fd))]
        sock.sendmsg([], passed, flags, path)


def datagram(fields: Iterable[tuple[str, str]]) -> bytes:
    """The fields as journald reads them; a value of several lines goes with its length before it."""
    parts = []
    for name, value in fields:
        data = value.encode(errors="backslashreplace")
        if b"\n" in data:
            parts += [name.encode(), b"\n", struct.pack("<Q", len(data)), data, b"\n"]
        else:
            parts += [name.encode(), b"=", data, b"\n"]
    return b"".join(parts)
