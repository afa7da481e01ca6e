"""A Varlink client of a few lines, so that a test of linod does not wait for a Python to start for each question."""

import json
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

INTERFACE = "org.linod.Control"


class Refused(Exception):
    """An error reply: its name without the interface, and its parameters."""

    def __init__(self, name: str, parameters: dict[str, Any]) -> None:
        super().__init__(f"{name} {parameters}")
        self.name = name.rpartition(".")[2]
        self.parameters = parameters


class Connection:
    """One connection to a control socket. Connecting starts a stopped daemon."""

    def __init__(self, path: Path, timeout: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout)
        self._socket.connect(str(path))
        self._buffer = b""

    def ask(self, method: str, **parameters: object) -> None:
        """Send a call; `answer` reads what comes."""
        call = {"method": f"{INTERFACE}.{method}", "parameters": parameters}
        with suppress(BrokenPipeError):  # one that could not start has said why, and hung up
            self._socket.sendall(json.dumps(call).encode() + b"\0")

    def answer(self) -> dict[str, Any]:
        """The reply, when it is there. Raises Refused for an error, EOFError when the connection ended."""
        while b"\0" not in self._buffer:
            data = self._socket.recv(1 << 16)
            if not data:
                raise EOFError("the daemon hung up")
            self._buffer += data
        message, _, self._buffer = self._buffer.partition(b"\0")
        reply = json.loads(message)
        if "error" in reply:
            raise Refused(reply["error"], reply["parameters"])
        parameters: dict[str, Any] = reply["parameters"]
        return parameters

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
