"""A NOTIFY_SOCKET that is always read, as systemd's (sd_notify(3)): a sender would wait for one that is not."""

import queue
import socket
import subprocess
import threading
import time
from pathlib import Path

from tests.bench.verdict import Unmeasured


class Listener:
    """The socket that started processes are told by NOTIFY_SOCKET; a thread reads it until `close()`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._ready: queue.SimpleQueue[float] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def wait_ready(self, process: "subprocess.Popen[bytes]", timeout: float = 30.0) -> float:
        """The moment (CLOCK_MONOTONIC, seconds) of the next READY=1; `Unmeasured` when it does not come."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            try:
                return self._ready.get(timeout=0.5)
            except queue.Empty:
                if process.poll() is not None:
                    raise Unmeasured(f"it ended with status {process.returncode} before READY") from None
        raise Unmeasured(f"no READY within {timeout:g} s")

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RD)  # wakes the reader
        self._reader.join()
        self._socket.close()

    def _read(self) -> None:
        while message := self._socket.recv(65536):
            if b"READY=1" in message.split(b"\n"):
                self._ready.put(time.monotonic())
