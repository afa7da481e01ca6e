"""What systemd is told, and what it hands over; with real sockets and real processes."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from linod.notify import SEND_TIMEOUT, Notifier, inherited_sockets

INHERITS = Path(__file__).parent / "programs" / "inherits.py"


class Manager:
    """A service manager's end of NOTIFY_SOCKET."""

    def __init__(self, address: str) -> None:
        self.environ = {"NOTIFY_SOCKET": address.replace("\0", "@")}
        self.address = address
        self.bind()

    def bind(self) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.address)
        self.socket.settimeout(20)

    def heard(self) -> str:
        """The next message."""
        return self.socket.recv(65536).decode()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(str(tmp_path / "notify"))
    yield manager
    manager.socket.close()


class StoppedClock:
    def now(self) -> datetime:
        return datetime(2026, 11, 23, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return 4711.000025

    def boottime(self) -> float:
        return self.monotonic()


def test_ready_comes_with_its_status_in_one_message(manager: Manager) -> None:
    Notifier(manager.environ).ready("3 tasks, none running")

    assert manager.heard() == "READY=1\nSTATUS=3 tasks, none running"


def test_every_other_message_says_what_systemd_knows(manager: Manager) -> None:
    notifier = Notifier(manager.environ, StoppedClock())
    for tell in (notifier.watchdog, notifier.stopping, notifier.reloading):
        tell()
    notifier.status("Loading plugins")
    notifier.extend_timeout(2.5)

    assert [manager.heard() for _ in range(5)] == [
        "WATCHDOG=1",
        "STOPPING=1",
        "RELOADING=1\nMONOTONIC_USEC=4711000025",
        "STATUS=Loading plugins",
        "EXTEND_TIMEOUT_USEC=2500000",
    ]
    assert notifier.trouble == ""


def test_an_abstract_socket_is_one_too() -> None:
    manager = Manager(f"\0linod-test-{os.getpid()}")
    Notifier(manager.environ).watchdog()

    assert manager.environ["NOTIFY_SOCKET"].startswith("@")
    assert manager.heard() == "WATCHDOG=1"
    manager.socket.close()


def test_the_environment_of_the_process_stays_as_it_was(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    Notifier(manager.environ).watchdog()
    assert "NOTIFY_SOCKET" not in os.environ

    monkeypatch.setenv("NOTIFY_SOCKET", "/other")
    Notifier(manager.environ).watchdog()
    assert os.environ["NOTIFY_SOCKET"] == "/other"
    assert [manager.heard(), manager.heard()] == ["WATCHDOG=1", "WATCHDOG=1"]


def test_without_a_socket_nothing_happens() -> None:
    notifier = Notifier({})
    notifier.ready("ready")
    notifier.watchdog()

    assert notifier.trouble == ""
    assert notifier.watchdog_seconds is None


def test_a_status_is_one_line_of_any_letters(manager: Manager) -> None:
    Notifier(manager.environ).ready("Mõni\nREADY=0 ¤ ежедневно \udcff")

    assert manager.heard() == "READY=1\nSTATUS=Mõni READY=0 ¤ ежедневно \\udcff"


def test_a_long_status_does_not_cost_the_message(manager: Manager) -> None:
    Notifier(manager.environ).ready("ежедневно " * 1000)
    heard = manager.heard()

    assert heard.startswith("READY=1\nSTATUS=ежедневно ежедневно ")
    assert len(heard.encode()) < 4096


def test_a_manager_that_was_started_anew_hears_the_next_message(manager: Manager, tmp_path: Path) -> None:
    notifier = Notifier(manager.environ)
    notifier.watchdog()
    manager.socket.close()
    notifier.watchdog()
    assert notifier.trouble == f"NOTIFY_SOCKET={tmp_path / 'notify'}: [Errno 111] Connection refused"

    (tmp_path / "notify").unlink()
    manager.bind()
    notifier.status("back")
    assert notifier.trouble == ""
    assert manager.heard() == "STATUS=back"


def test_a_manager_that_does_not_read_holds_the_daemon_up_for_a_moment_only(manager: Manager) -> None:
    notifier = Notifier(manager.environ)
    done = threading.Event()

    def fill() -> None:
        while not notifier.trouble:
            notifier.watchdog()
        done.set()

    threading.Thread(target=fill, daemon=True).start()
    assert done.wait(SEND_TIMEOUT + 20)
    assert notifier.trouble.endswith("timed out")
    assert manager.heard() == "WATCHDOG=1"


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_the_one_of_this_process(environ: dict[str, str], seconds: float | None) -> None:
    assert Notifier(environ).watchdog_seconds == seconds


def inherit(*descriptors: int, count: str | None = None, pid: str = "own") -> str:
    """What a process says of the sockets that it is started with."""
    given = [str(fd) for fd in descriptors]
    found = subprocess.run(
        [sys.executable, str(INHERITS), pid, str(len(given)) if count is None else count, *given],
        pass_fds=descriptors,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert found.stderr == ""
    return found.stdout.strip()


def listening(path: Path) -> socket.socket:
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    found.bind(str(path))
    found.listen()
    return found


def test_sockets_that_systemd_passes_are_used_and_go_no_further(tmp_path: Path) -> None:
    with listening(tmp_path / "one") as one, listening(tmp_path / "two") as two:
        assert inherit(one.fileno(), two.fileno()) == f"{tmp_path / 'one'} False\n{tmp_path / 'two'} False"


def test_sockets_for_another_process_are_left_alone(tmp_path: Path) -> None:
    with listening(tmp_path / "one") as one:
        assert inherit(one.fileno(), pid="1") == ""
    assert inherited_sockets({}) == []


@pytest.mark.parametrize("count", ["x", "-1", ""])
def test_a_count_of_sockets_that_is_none_is_a_configuration_error(count: str) -> None:
    assert inherit(count=count).startswith("78 LISTEN_FDS=")


def test_what_cannot_serve_is_a_configuration_error_that_names_it(tmp_path: Path) -> None:
    cure = "; linod takes sockets of ListenStream= with a path, and Accept=no"
    with socket.socket(socket.AF_INET) as network, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams:
        network.bind(("127.0.0.1", 0))
        network.listen()
        kind = f"78 inherited file descriptor 3: it is no AF_UNIX stream socket that listens{cure}"
        assert inherit(network.fileno()) == kind
        assert inherit(datagrams.fileno()) == kind
    with socket.socket(socket.AF_UNIX) as silent, listening(tmp_path / "one") as good:
        assert inherit(good.fileno(), silent.fileno()) == kind.replace("3", "4", 1)
    assert inherit(count="1").startswith("78 LISTEN_FDS='1': Bad file descriptor")


def test_a_file_in_place_of_a_socket_is_a_configuration_error(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file:
        assert "inherited file descriptor 3: it is no AF_UNIX stream socket" in inherit(file.fileno())
