"""A stand-in for journald: a datagram socket where programs look for it, in a mount namespace of their own.

    with Receiver() as journald:
        process = journald.start([sys.executable, "-m", "linod.cli.linod"], os.environ)
        record = journald.wait_for(lambda record: record["MESSAGE"] == "Done")

The socket itself is bound by this process; the started one finds it at /run/systemd/journal/socket, because its /run is
empty but for that. Its standard error is a file, `journald.stderr`, which JOURNAL_STREAM names.
"""

import array
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

Record = dict[str, str]

PRIVATE_RUN = """
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal && mount --bind "$1" /run/systemd/journal || exit
shift
exec "$@"
"""

DEADLINE = 20.0
"""Seconds: far more than anything here takes, so that only what never comes fails a test."""


class Receiver:
    """Reads what is sent to journald.

    reading  False: like a journald that is stuck, until `read` is called.

    records  all that came so far.
    """

    def __init__(self, *, reading: bool = True) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="linod-journal-"))
        self.path = self.directory / "socket"
        self.stderr = self.directory / "stderr"
        self.records: list[Record] = []
        self._arrived = threading.Condition()
        self._thread: threading.Thread | None = None
        self._processes: list[subprocess.Popen[bytes]] = []
        self._stderr = self.stderr.open("ab")
        self.bind()
        if reading:
            self.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()
        self.unbind()
        self._stderr.close()
        shutil.rmtree(self.directory)

    def bind(self) -> None:
        """Make the socket: journald is there."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))

    def unbind(self) -> None:
        """Take the socket away: journald is not there."""
        self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._socket.close()
        self.path.unlink()

    def read(self) -> None:
        """Read, from now on, what was sent and what will be."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait_for(self, wanted: Callable[[Record], bool], timeout: float = DEADLINE) -> Record:
        """The first record that is wanted, come already or to come; AssertionError when none comes in time."""
        with self._arrived:
            self._arrived.wait_for(lambda: any(map(wanted, self.records)), timeout)
            found = next(filter(wanted, self.records), None)
            told = f"no such record among {len(self.records)}; the last ones: {self.records[-20:]}"
        assert found is not None, f"{told}; standard error: {self.stderr.read_text()!r}"
        return found

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The environment with a JOURNAL_STREAM that means `stderr`."""
        found = os.fstat(self._stderr.fileno())
        return {**environ, "JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}

    def start(self, command: Sequence[str], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start a program whose journald this is; its input and output are pipes.

        The process returned is the program itself, so that it can be sent signals. At the end it is killed.
        """
        process = subprocess.Popen(
            [*in_private_run(self.directory), *command],
            env=self.environment(environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
        )
        self._processes.append(process)
        return process

    def _run(self) -> None:
        while record := self._receive():
            with self._arrived:
                self.records.append(record)
                self._arrived.notify_all()

    def _receive(self) -> Record | None:
        passed = array.array("i", [0])
        data, ancillary, _, _ = self._socket.recvmsg(1 << 20, socket.CMSG_SPACE(passed.itemsize))
        if not ancillary:
            return parse(data) if data else None
        passed = array.array("i")
        passed.frombytes(ancillary[0][2])
        with os.fdopen(passed[0], "rb") as file:
            file.seek(0)
            return parse(file.read())


def in_private_run(directory: Path) -> list[str]:
    """What to put before a command so that /run/systemd/journal is `directory` for it, and the rest of /run empty."""
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    return [*unshare, "sh", "-c", PRIVATE_RUN, "sh", str(directory)]


def parse(data: bytes) -> Record:
    """The fields of one record in journald's native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/)."""
    record: Record = {}
    while data:
        line, _, data = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:  # NAME, newline, 64 bits of length, value, newline
            (size,) = struct.unpack_from("<Q", data)
            value, end, data = data[8 : 8 + size], data[8 + size : 9 + size], data[9 + size :]
            assert end == b"\n", f"{name!r} is not followed by a newline"
        assert name.decode() not in record, f"{name!r} is there twice"
        record[name.decode()] = value.decode()
    return record
