"""The floor of a request, as a process to ask: `programs/floor.py`."""

import socket
import subprocess
from pathlib import Path

from tests.bench.environment import PROGRAMS
from tests.bench.lines import Lines
from tests.bench.verdict import Unmeasured


class Floor:
    """The running probe, with one open connection to it."""

    def __init__(self, python: Path, state: Path, runtime: Path) -> None:
        """Start it, with its database in `state`, on the same disk as linod's, and its socket in `runtime`."""
        self.lines = Lines(runtime / "floor-lines")
        address = runtime / "floor"
        command = [python, PROGRAMS / "floor.py", address, state / "floor.sqlite", runtime / "floor-lines"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if not self._process.stdout or not self._process.stdout.readline():
            raise Unmeasured("the floor's probe did not start")
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._connection.connect(str(address))

    def close(self) -> None:
        self._connection.close()
        self._process.communicate()  # closes its standard input: it ends
        self.lines.close()

    def ask(self) -> None:
        """One request: returns when it is durable and handed over."""
        self._connection.sendall(b"1")
        if not self._connection.recv(1):
            raise Unmeasured("the floor's probe ended")
