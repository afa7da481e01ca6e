"""A control socket in this process: the real server in a loop of its own thread, on a real Unix socket."""

import asyncio
import fcntl
import json
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from linod.control.address import listen
from linod.control.call import Handler
from linod.control.client import Client
from linod.control.interface import Refusal
from linod.control.peer import Peer
from linod.control.server import Server

DEADLINE = 10.0
"""Seconds after which a test that waits has failed."""

VERSION = "0.1.0"

T = TypeVar("T")


class Loop:
    """An asyncio loop in a thread; `run` calls into it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="loop")
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(DEADLINE)

    def call(self, func: Callable[[], T]) -> T:
        """Call a plain function in the loop."""

        async def called() -> T:
            return func()

        return self.run(called())

    def until(self, condition: Callable[[], bool]) -> None:
        """Turn the loop until `condition` holds."""

        async def turn() -> None:
            async with asyncio.timeout(DEADLINE):
                while not condition():
                    await asyncio.sleep(0.005)

        self.run(turn())

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(DEADLINE)
        self.loop.close()


class Place:
    """A runtime directory with the files `control` and `pid`, and the server on it."""

    def __init__(self, directory: Path) -> None:
        self.control = directory / "control"
        self.loop = Loop()
        self.server: Server | None = None
        self._pid = (directory / "pid").open("w")

    def serve(
        self,
        methods: Mapping[str, Handler],
        allowed: Callable[[Peer], bool] = lambda peer: True,
        version: str = VERSION,
        limit: int = 1000,
        log_each: bool = False,
    ) -> Server:
        """Start a server, and hold the lock of the pid file as the daemon does."""
        flock = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0)
        fcntl.fcntl(self._pid, fcntl.F_OFD_SETLK, flock)
        sock = listen(self.control)

        async def start() -> Server:
            server = Server(methods, allowed, version, limit, lambda: log_each)
            server.serve(sock)
            return server

        self.server = self.loop.run(start())
        return self.server

    def stop(self, patience: float = 1.0, why: Refusal | None = None) -> None:
        if self.server is not None:
            server, self.server = self.server, None
            self.loop.run(server.close(patience, why))

    def close(self) -> None:
        self.stop()
        self._pid.close()
        self.loop.close()

    def client(self) -> Client:
        return Client(self.control)

    def wire(self) -> "Wire":
        return Wire(self.control)


class Wire:
    """A caller that writes what it likes."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.socket.settimeout(DEADLINE)
        self._buffer = b""

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *ended: object) -> None:
        self.socket.close()

    def send(self, raw: bytes) -> None:
        self.socket.sendall(raw)

    def ask(self, method: str, **parameters: object) -> None:
        self.send(message(method, None, **parameters))

    def reply(self) -> Any:
        """The next reply, None when the server has hung up."""
        while b"\0" not in self._buffer:
            try:
                data = self.socket.recv(1 << 16)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self._buffer += data
        raw, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(raw)


def message(method: str, flags: Mapping[str, bool] | None = None, /, **parameters: object) -> bytes:
    """One call, as it goes on the wire."""
    name = method if "." in method else f"org.linod.Control.{method}"
    return json.dumps({"method": name, "parameters": parameters, **(flags or {})}).encode() + b"\0"
