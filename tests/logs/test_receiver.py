"""The log socket: real datagrams, its file that others remove, and senders that send anything."""

import fcntl
import os
import shutil
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from linod.clock import SystemClock
from linod.journal.native import SEALS
from linod.logs.address import LogDirTaken
from linod.logs.datagrams import Received
from linod.logs.receiver import LARGEST, REPORT, LogSocket, Sender
from linod.logs.sealed import LONGEST

DEADLINE = 20.0

SO_SNDBUFFORCE = 32
"""From <asm-generic/socket.h>; the socket module has no name for it."""


class ForwardClock(SystemClock):
    """The machine's, set forward by a test."""

    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


class Log:
    """A log socket at work, and all that it took or reported."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = ForwardClock()
        self.taken: list[tuple[Sender, str]] = []
        self.reports: list[str] = []
        self.full = False
        self._came = threading.Condition()
        self.socket = LogSocket(directory, self._take, self._report, self.clock)

    @property
    def texts(self) -> list[str]:
        return [text for _, text in self.taken]

    def wait(self, true: Callable[[], bool]) -> None:
        with self._came:
            assert self._came.wait_for(true, DEADLINE), (self.texts, self.reports)

    def wait_reports(self, count: int) -> None:
        self.wait(lambda: len(self.reports) == count)

    def wait_socket(self) -> None:
        """Wait until the socket's file is there."""
        pause = threading.Event()
        for _ in range(int(DEADLINE / 0.02)):
            if self.socket.path.is_socket():
                return
            pause.wait(0.02)
        raise AssertionError(f"there is no {self.socket.path}")

    def _take(self, sender: Sender, received: Received) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        with self._came:
            self.taken.append((sender, received.text))
            self._came.notify_all()

    def _report(self, text: str) -> None:
        with self._came:
            self.reports.append(text)
            self._came.notify_all()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = Log(tmp_path / "log")
    made.socket.open()
    yield made
    made.socket.close()


@pytest.fixture
def sender() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        yield made


def send(sender: socket.socket, log: Log, data: bytes) -> None:
    sender.sendto(data, str(log.socket.path))


def pass_files(sender: socket.socket, log: Log, *fds: int, data: bytes = b"") -> None:
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack(f"{len(fds)}i", *fds))]
    sender.sendmsg([data], rights, 0, str(log.socket.path))


def memory_file(data: bytes, seals: int = SEALS) -> int:
    fd = os.memfd_create("record", os.MFD_ALLOW_SEALING)
    os.write(fd, data)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
    return fd


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_record_comes_with_the_process_that_sent_it(log: Log, sender: socket.socket) -> None:
    send(sender, log, b"MESSAGE=hello\nSYSLOG_PID=1\n")
    log.wait(lambda: bool(log.taken))
    assert log.taken == [(Sender(os.getpid(), os.getuid()), "hello")]


def test_it_is_for_owner_and_group(log: Log) -> None:
    assert log.socket.path.stat().st_mode & 0o777 == 0o660
    assert [path.name for path in log.directory.iterdir()] == ["lino.log.sock"]


def test_what_a_dead_daemon_left_is_replaced(tmp_path: Path, sender: socket.socket) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as dead:
        dead.bind(str(tmp_path / "lino.log.sock"))
    (tmp_path / ".lino.log.new").touch()
    log = Log(tmp_path)
    log.socket.open()
    send(sender, log, b"MESSAGE=hello\n")
    log.wait(lambda: bool(log.taken))
    log.socket.close()
    assert list(tmp_path.iterdir()) == []


def test_a_directory_is_for_one_daemon(log: Log, sender: socket.socket) -> None:
    with pytest.raises(LogDirTaken, match=r"lino\.log\.sock: another process listens on this log socket; set log_dir"):
        Log(log.directory).socket.open()
    send(sender, log, b"MESSAGE=hello\n")
    log.wait(lambda: bool(log.taken))


def test_the_end_leaves_the_socket_of_another_alone(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    log.socket.open()
    log.socket.path.unlink()
    log.socket.path.touch()
    log.socket.close()
    assert log.socket.path.exists()


def test_a_removed_directory_is_made_again(log: Log, sender: socket.socket) -> None:
    for _ in range(2):
        shutil.rmtree(log.directory)
        log.wait_socket()
        send(sender, log, b"MESSAGE=again\n")
    log.wait(lambda: log.texts == ["again", "again"])
    assert log.reports == []


def test_a_directory_that_cannot_be_made_again_is_reported_once(log: Log, sender: socket.socket) -> None:
    shutil.rmtree(log.directory)
    log.directory.touch()
    log.wait(lambda: bool(log.reports))
    assert log.reports[0].startswith("The log socket cannot be made again: ")
    log.directory.unlink()
    log.wait_socket()
    send(sender, log, b"MESSAGE=again\n")
    log.wait(lambda: log.texts == ["again"])
    assert len(log.reports) == 1


def test_a_long_record_comes_as_a_sealed_memory_file(log: Log, sender: socket.socket) -> None:
    before = descriptors()
    fd = memory_file(b"MESSAGE=" + b"x" * 1_000_000 + b"\n")
    pass_files(sender, log, fd)
    os.close(fd)
    send(sender, log, b"MESSAGE=y\n")
    log.wait(lambda: log.texts == ["x" * 1_000_000, "y"])
    assert descriptors() == before


def test_a_file_that_could_change_still_or_block_is_refused(log: Log, sender: socket.socket, tmp_path: Path) -> None:
    before = descriptors()
    open_file = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    pipe, other = os.pipe()
    most = SEALS & ~fcntl.F_SEAL_WRITE
    files = [memory_file(b"MESSAGE=x\n", most), open_file, pipe, memory_file(b"\0" * (LONGEST + 1))]
    whys = ["not sealed", "no memory file", "no memory file", f"{LONGEST} are the most"]
    for number, (fd, why) in enumerate(zip(files, whys, strict=True), 1):
        pass_files(sender, log, fd)
        log.wait_reports(number)
        assert why in log.reports[-1]
        log.clock.ahead += REPORT
    for fd in (*files, other):
        os.close(fd)
    send(sender, log, b"MESSAGE=x\n")
    log.wait(lambda: log.texts == ["x"])
    assert descriptors() == before


def test_many_files_are_closed(log: Log, sender: socket.socket) -> None:
    before = descriptors()
    fds = [memory_file(b"MESSAGE=x\n") for _ in range(20)]
    pass_files(sender, log, *fds, data=b"MESSAGE=y\n")
    for fd in fds:
        os.close(fd)
    log.wait(lambda: bool(log.reports))
    assert "several files came with it" in log.reports[0]
    send(sender, log, b"MESSAGE=z\n")
    log.wait(lambda: log.texts == ["z"])  # what came before is done with
    assert descriptors() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="the kernel lets only root send a datagram of that size")
def test_what_is_cut_is_refused(log: Log, sender: socket.socket) -> None:
    sender.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 22)
    send(sender, log, b"MESSAGE=" + b"x" * LARGEST + b"\n")
    log.wait(lambda: bool(log.reports))
    assert f"longer than {LARGEST} bytes" in log.reports[0] and not log.taken


def test_garbage_is_counted_and_told_once_a_minute(log: Log, sender: socket.socket) -> None:
    for data in (b"\x80\x04garbage", b"", b"PRIORITY=3\n", b"MESSAGE=fine\n"):
        send(sender, log, data)
    log.wait(lambda: log.texts == ["fine"])
    who = f"pid {os.getpid()} of uid {os.getuid()}"
    told = f"The last: {who} sent what is no log record: it ends within a field."
    assert log.reports == [f"The log socket could not take 1 of what it was sent. {told}"]
    log.clock.ahead = REPORT
    log.wait_reports(2)
    assert log.reports[1].startswith("The log socket could not take 2 of what it was sent.")


def test_what_cannot_be_written_is_counted(log: Log, sender: socket.socket) -> None:
    log.full = True
    send(sender, log, b"MESSAGE=x\n")
    log.wait(lambda: bool(log.reports))
    assert log.reports[0].endswith(f"a record of pid {os.getpid()} could not be written: No space left on device.")


def test_what_waits_at_the_end_is_taken(tmp_path: Path, sender: socket.socket) -> None:
    log = Log(tmp_path)
    log.socket.open()
    for number in range(8):
        send(sender, log, f"MESSAGE={number}\n".encode())
    log.socket.close()
    assert log.texts == [str(number) for number in range(8)]
