"""A command at work: what it prints is read as it comes, against a deadline."""

import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

DEADLINE = 60.0
"""Seconds that anything may take on a machine that does much else; a test that meets it has failed."""


class Terminal:
    """A process, the leader of a session of its own, and all it has printed.

    tty  whether it has a terminal, on which Ctrl-C can be typed; else its output goes into a pipe.
    """

    def __init__(self, command: Sequence[str | Path], environ: Mapping[str, str], *, tty: bool = False) -> None:
        self.text = ""
        self._end = False
        self._output, theirs = pty.openpty() if tty else os.pipe()
        take_tty = ["setsid", "--ctty", "--wait"] if tty else []
        self.process = subprocess.Popen(
            [*take_tty, *map(str, command)],
            env=dict(environ),
            stdin=theirs if tty else subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            start_new_session=not tty,
        )
        os.close(theirs)
        self._typed = self._output if tty else None

    def wait_for(self, text: str) -> None:
        """Read until the output has this text."""
        deadline = time.monotonic() + DEADLINE
        while text not in self.text:
            assert not self._end, f"ended without {text!r}:\n{self.text}"
            self._read(deadline)

    def wait_for_match(self, pattern: str, start: int) -> None:
        """Read until what came behind `start` matches a regular expression."""
        deadline = time.monotonic() + DEADLINE
        while not re.search(pattern, self.text[start:]):
            assert not self._end, f"ended without {pattern!r}:\n{self.text}"
            self._read(deadline)

    def wait_end(self) -> int:
        """Read to the end of the output. Returns the exit code."""
        deadline = time.monotonic() + DEADLINE
        while not self._end:
            self._read(deadline)
        return self.process.wait(DEADLINE)

    def _read(self, deadline: float) -> None:
        ready = select.select([self._output], [], [], max(0.0, deadline - time.monotonic()))[0]
        assert ready, f"nothing more came:\n{self.text}"
        try:
            data = os.read(self._output, 1 << 16)
        except OSError:  # EIO: the other side of a terminal is closed
            data = b""
        self._end = not data
        self.text += data.decode().replace("\r\n", "\n")

    def type(self, keys: str) -> None:
        assert self._typed is not None
        os.write(self._typed, keys.encode())

    def signal_group(self, number: int) -> None:
        """To the whole process group, as a terminal does."""
        os.killpg(self.process.pid, number)

    def close(self) -> None:
        """End what a failed test left."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        os.close(self._output)
