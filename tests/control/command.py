"""The real command `linod-ctl`, run against a site of the test."""

import json
import os
import pty
import select
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from tests.control.place import DEADLINE

COMMAND = str(Path(sys.executable).parent / "linod-ctl")


class Ctl:
    """`linod-ctl` with an environment of its own, where nothing of this machine's sites is found."""

    def __init__(self, directory: Path, control: Path | None) -> None:
        self.directory = directory
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "TZ": "Europe/Brussels",
            "LANG": "C.UTF-8",
            **({"LINOD_CONTROL": str(control)} if control else {}),
        }

    def __call__(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *words],
            env={**self.environ, **environ},
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    def said(self, *words: str, code: int = 0) -> str:
        """Standard output of a command that ends with `code`."""
        done = self(*words)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def refused(self, *words: str, code: int) -> str:
        """Standard error of a command that ends with `code`."""
        done = self(*words)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self.said(*words, "--json", code=code))

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Start a command that stays; read it line by line."""
        return subprocess.Popen(
            [COMMAND, *words],
            env=self.environ,
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def on_terminal(self, *words: str, **environ: str) -> str:
        """What a command writes to a terminal of 80 columns."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [COMMAND, *words],
            env={**self.environ, "TERM": "xterm", "COLUMNS": "80", **environ},
            cwd=self.directory,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        found = b""
        while select.select([ours], [], [], DEADLINE)[0]:
            try:
                data = os.read(ours, 1 << 16)
            except OSError:  # EIO: the other end is closed
                break
            if not data:
                break
            found += data
        process.wait(DEADLINE)
        os.close(ours)
        return found.decode()


def lines(process: "subprocess.Popen[str]", count: int) -> list[str]:
    """The next lines of a command that stays; one that writes none is ended, and the lines are empty then."""
    assert process.stdout is not None
    timer = threading.Timer(DEADLINE, process.kill)
    timer.start()
    try:
        return [process.stdout.readline().rstrip("\n") for _ in range(count)]
    finally:
        timer.cancel()
