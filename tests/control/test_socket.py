"""The socket itself: made, replaced, waited at, and hung up."""

import subprocess
import sys
from pathlib import Path

import pytest

from linod.control.address import listen
from linod.control.client import CallFailed, Client, ConnectionLost
from linod.control.server import refuse_waiting


def test_a_socket_of_a_dead_daemon_is_replaced_and_only_the_group_may_write(tmp_path: Path) -> None:
    path = tmp_path / "control"
    listen(path).close()
    with pytest.raises(ConnectionRefusedError):
        Client(path)

    sock = listen(path)

    assert path.stat().st_mode & 0o777 == 0o660
    Client(path).close()
    sock.close()


def test_paths_may_be_longer_than_the_kernel_takes(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    with listen(deep / "control"), Client(deep / "control") as client:
        assert client.path == deep / "control"


def test_those_who_wait_for_a_daemon_that_cannot_start_are_told_why(tmp_path: Path) -> None:
    sock = listen(tmp_path / "control")
    callers = [Client(tmp_path / "control") for _ in range(3)]
    callers[0]._send("GetStatus", {}, more=False)

    assert refuse_waiting(sock, "/etc/linod/linod.toml:3: unknown setting 'plugin'") == 3

    for caller in callers:
        with pytest.raises(CallFailed, match="unknown setting 'plugin'") as failed:
            caller.call("GetStatus")
        assert failed.value.exit_code == 78
    sock.close()


def test_a_server_that_hangs_up_is_an_error_of_its_own(tmp_path: Path) -> None:
    sock = listen(tmp_path / "control")
    with Client(tmp_path / "control") as client:
        sock.accept()[0].close()
        with pytest.raises(ConnectionLost):
            client.call("GetStatus")
    sock.close()


def test_the_client_is_cheap_to_import() -> None:
    """It is most of `linod-ctl`: nothing of the daemon may come with it."""
    code = "import sys, linod.control.client; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"asyncio", "peewee", "typer", "subprocess", "linod.control.server"} & set(loaded.split())
