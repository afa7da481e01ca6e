"""A machine with systemd as PID 1, as the tests see it: files, commands, and waits with a deadline.

There are three: `Container`, which the tests boot and enter from outside, `Local`, the one that they run on, and
`tests.vm.machine.VirtualMachine`, which has a kernel and a clock of its own.
"""

import os
import select
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

DEADLINE = 30.0 * float(os.environ.get("LINOD_TEST_PATIENCE", "1"))
"""Seconds that anything may take on a machine that does much else; a test that meets it has failed. An emulated machine
is slower than this one: whoever starts its tests says how many times."""

LOOK_AGAIN = 0.03
"""Seconds between two looks, where nothing tells that something has happened."""

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
    "SYSTEMD_PAGER": "",
}

T = TypeVar("T")


def until(look: Callable[[], T | None], what: str, within: float = DEADLINE) -> T:
    """Look again and again until something is true, and return it; fails when the deadline passes."""
    end = time.monotonic() + within
    while not (found := look()):
        assert time.monotonic() < end, f"not within {within:g} s: {what}"
        select.select([], [], [], LOOK_AGAIN)
    return found


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    command: tuple[str, ...]
    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"$ {' '.join(self.command)}\n{self.out}{self.err}exit code {self.code}"


class Machine(ABC):
    """Files and commands of one machine."""

    @abstractmethod
    def enter(self, command: tuple[str, ...], environ: Mapping[str, str], user: str | None) -> list[str]:
        """What to execute here, so that `command` runs there as `user`, with this environment and no other."""

    @abstractmethod
    def read(self, path: str) -> str:
        """The text of a file."""

    @abstractmethod
    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file, and the directories above it."""

    @abstractmethod
    def exists(self, path: str) -> bool:
        """Whether there is such a file, of any type."""

    @abstractmethod
    def remove(self, path: str) -> None:
        """Remove a file, if there is one."""

    @abstractmethod
    def socket(self, path: str) -> Path:
        """Where this process connects to a socket of the machine."""

    # commands

    def run(
        self,
        *command: str,
        code: int | None = 0,
        user: str | None = None,
        input: str | None = None,
        timeout: float = DEADLINE,
        environ: Mapping[str, str] | None = None,
    ) -> Done:
        """Run a command to its end. `code`: the exit code it must have, None for any."""
        ended = subprocess.run(
            self.enter(command, environment(user) | dict(environ or {}), user),
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            cwd="/",
        )
        done = Done(command, ended.returncode, ended.stdout, ended.stderr)
        assert code is None or done.code == code, f"exit code {code} expected\n{done}"
        return done

    def sh(self, script: str, *, code: int | None = 0, user: str | None = None, timeout: float = DEADLINE) -> Done:
        """Run lines of bash; the first that fails ends them."""
        return self.run("bash", "-euc", script, code=code, user=user, timeout=timeout)

    def start(self, *command: str, user: str | None = None) -> "subprocess.Popen[str]":
        """Start a command and leave it running; its output is a pipe."""
        return subprocess.Popen(
            self.enter(command, environment(user), user),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
        )

    def kill(self, number: signal.Signals, *pids: int) -> None:
        """Send a signal to processes of the machine, at once to all. By bash: not every Debian has /bin/kill."""
        self.run("bash", "-c", 'kill "$@"', "kill", f"-{number.name.removeprefix('SIG')}", *map(str, pids))

    # what everybody asks

    def show(self, unit: str, name: str) -> str:
        """One property of a unit."""
        return self.run("systemctl", "show", unit, "-p", name, "--value").out.strip()

    def release(self) -> int:
        """Debian's number: 12 or 13."""
        lines = self.read("/usr/lib/os-release").splitlines()
        return int(next(line for line in lines if line.startswith("VERSION_ID=")).split('"')[1])

    def gone(self, pid: int) -> bool:
        """Whether a process has ended; a zombie has."""
        found = self.run("cat", f"/proc/{pid}/stat", code=None)
        return found.code != 0 or found.out.rsplit(")", 1)[1].split()[0] in "ZX"


class Mounted(Machine):
    """A machine whose files this process sees.

    root  its root directory, for absolute paths without symbolic links in them.
    """

    root: Path

    def path(self, path: str) -> Path:
        """Where this process finds the machine's file."""
        assert path.startswith("/"), path
        return self.root / path[1:]

    def read(self, path: str) -> str:
        return self.path(path).read_text()

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        file = self.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def exists(self, path: str) -> bool:
        return os.path.lexists(self.path(path))

    def remove(self, path: str) -> None:
        self.path(path).unlink(missing_ok=True)

    def socket(self, path: str) -> Path:
        return self.path(path)


class Local(Mounted):
    """The machine that this process runs on, as root: the testbed of autopkgtest."""

    root = Path("/")

    def enter(self, command: tuple[str, ...], environ: Mapping[str, str], user: str | None) -> list[str]:
        return [*as_user(user), "env", "-i", *(f"{key}={text}" for key, text in environ.items()), *command]


def environment(user: str | None) -> dict[str, str]:
    """Of a command of this user, root when it is None."""
    return ENVIRONMENT | ({"HOME": f"/home/{user}"} if user else {})


def as_user(user: str | None) -> list[str]:
    """The words before a command that root runs as somebody else."""
    return ["runuser", "-u", user, "--"] if user else []


def entering(pid: int, command: tuple[str, ...], environ: Mapping[str, str], user: str | None) -> list[str]:
    """A command in all namespaces of process `pid`."""
    words = [f"{key}={text}" for key, text in environ.items()]
    return ["nsenter", "-t", str(pid), "-a", "--", *as_user(user), "env", "-i", *words, *command]
