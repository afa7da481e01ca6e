"""A fresh database for each test, made by every migration."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from linod.store import Store

PROGRAMS = Path(__file__).parent / "programs"

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "linod.sqlite"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = Store(url)
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a program of this directory; it is ended with the test."""
    running: list[subprocess.Popen[str]] = []

    def run(program: str, *arguments: object, keep: tuple[int, ...] = ()) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, str(PROGRAMS / program), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=keep,
            start_new_session=True,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        for pid in getattr(process, "started", ()):  # what it started itself, where a test did not see it end
            with suppress(OSError):
                if b"signal.pause" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, signal.SIGKILL)
        process.kill()
        process.communicate(timeout=10)


def line(process: "subprocess.Popen[str]") -> str:
    """The next line that a program prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: "subprocess.Popen[str]", text: str) -> None:
    """A line for a program's standard input."""
    assert process.stdin is not None
    process.stdin.write(text + "\n")
    process.stdin.flush()
