"""Prepare the demo site anew and run it in the foreground: demo.py [DIRECTORY], build/demo without one.

With DEMO_SECONDS in the environment it shows the task table and one `run-now`, and ends by itself after that time.
It runs in the environment that linod is installed in.
"""

import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TextIO

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.prefix, "bin")
LINOD = [str(BIN / "linod"), "--settings", "linod.demo"]

LONGEST_RUNTIME = 90
"""Bytes; the socket in it must fit into sun_path, 108 bytes with its NUL (unix(7))."""

PATIENCE = 60
"""Seconds until linod has answered `linod-ctl`."""

OF_SYSTEMD = (
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "LISTEN_FDS",
    "LISTEN_PID",
    "JOURNAL_STREAM",
    "LOGS_DIRECTORY",
)
"""What linod must not see when this runs in somebody's service: the demo logs here, on standard error."""

OF_OTHER_SITES = ("LINOD_SITE", "CREDENTIALS_DIRECTORY", "CONFIGURATION_DIRECTORY")

INTRODUCTION = """
The demo site: 110 vouchers of a small company, its calendar and its mail, ten system tasks, and three that make
invoices. Ctrl-C ends it.
Type this in a second terminal:

    {ctl} run-now checkdata --wait

It also knows `status`, `list`, `log checkdata`, and `--help`.
"""


class Demo:
    """One run of the demo.

    place    directory for the site's state and the demo's data.
    runtime  directory for the control socket.
    lock     file that is locked while this or its linod lives; the pid to end stands in it.
    """

    def __init__(self, place: Path, runtime: Path, lock: TextIO) -> None:
        self._lock = lock
        self._linod: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self._control = {"LINOD_CONTROL": str(runtime / "control")}
        own = {"STATE_DIRECTORY": place / "state", "RUNTIME_DIRECTORY": runtime, "LINOD_DEMO_DIR": place / "data"}
        inherited = {key: text for key, text in os.environ.items() if key not in OF_SYSTEMD + OF_OTHER_SITES}
        self._environ = inherited | {key: str(path) for key, path in own.items()}

    def run(self, seconds: float | None) -> int:
        """Prepare the site, run it until a signal ends it or `seconds` are over. Returns the exit code."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._pass_on)
        until = time.monotonic() + (seconds or 0)
        print("$ linod --settings linod.demo prep", flush=True)
        code = self._wait(self._start([*LINOD, "prep"]))
        if code or self._stopping:
            return code
        print("$ python -m linod.demo.invoicing.tasks", flush=True)
        code = self._wait(self._start([sys.executable, "-m", "linod.demo.invoicing.tasks"]))
        if code or self._stopping:
            return code
        print(INTRODUCTION.format(ctl=self._ctl_line()), flush=True)
        print("$ linod --settings linod.demo", flush=True)
        linod = self._start(LINOD)
        if seconds is None:
            return self._wait(linod)
        shown = self._tour(linod)
        with suppress(subprocess.TimeoutExpired):
            linod.wait(max(0.0, until - time.monotonic()))
        linod.terminate()
        return self._wait(linod) or (0 if shown or self._stopping else 1)

    def _start(self, command: list[str]) -> "subprocess.Popen[bytes]":
        """Start linod in a process group of its own and give that the terminal, if we have it.

        Ctrl-C then reaches linod alone: not make, which would call it an error, and not linod twice.
        """
        linod = subprocess.Popen(command, env=self._environ, process_group=0, pass_fds=[self._lock.fileno()])
        self._linod = linod
        _write_pid(self._lock, linod.pid)
        _hand_over_terminal(linod.pid)
        return linod

    def _wait(self, linod: "subprocess.Popen[bytes]") -> int:
        code = linod.wait()
        _hand_over_terminal(os.getpgrp(), from_group=linod.pid)
        return code

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True
        if self._linod is not None:
            self._linod.send_signal(number)

    def _tour(self, linod: "subprocess.Popen[bytes]") -> bool:
        """Show what a second terminal would. Returns whether all of it worked."""
        deadline = time.monotonic() + PATIENCE
        while self._ctl("status", quiet=True):
            if linod.poll() is not None or self._stopping or time.monotonic() > deadline:
                return False
            with suppress(subprocess.TimeoutExpired):
                linod.wait(0.1)
        return all([self._ctl("run-now", "checkdata", "--wait") == 0, self._ctl("list") == 0])

    def _ctl(self, *words: str, quiet: bool = False) -> int:
        if not quiet:
            print(f"\n$ linod-ctl {' '.join(words)}", flush=True)
        nowhere = subprocess.DEVNULL if quiet else None
        command = [str(BIN / "linod-ctl"), *words]
        return subprocess.run(command, env=self._environ | self._control, stdout=nowhere, stderr=nowhere).returncode

    def _ctl_line(self) -> str:
        """What to type in any directory to reach this demo."""
        return shlex.join([f"{key}={text}" for key, text in self._control.items()] + [str(BIN / "linod-ctl")])


def _hand_over_terminal(group: int, from_group: int | None = None) -> None:
    """Make a process group the terminal's foreground one, if `from_group` (default: our own) is that now."""
    with suppress(OSError):  # no terminal
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
        try:
            if os.tcgetpgrp(terminal) == (os.getpgrp() if from_group is None else from_group):
                os.tcsetpgrp(terminal, group)
        finally:
            os.close(terminal)


@contextmanager
def _locked(file: Path) -> Iterator[TextIO]:
    """Hold the lock of this demo. linod inherits it: when this script is killed, its linod still counts as a demo."""
    with file.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            pid = lock.read().strip()
            raise SystemExit(
                f"A demo of this clone is running (process {pid}). End it with Ctrl-C in its terminal, or: kill {pid}"
            ) from None
        _write_pid(lock, os.getpid())
        yield lock


def _write_pid(lock: TextIO, pid: int) -> None:
    lock.seek(0)
    lock.truncate()
    lock.write(f"{pid}\n")
    lock.flush()


@contextmanager
def _runtime(place: Path) -> Iterator[Path]:
    """A directory for the socket: below `place`, or in the temporary directory when that path is too long."""
    if len(os.fsencode(place)) <= LONGEST_RUNTIME:
        yield place / "run"
    else:
        with tempfile.TemporaryDirectory(prefix="linod-demo-") as short:
            yield Path(short)


def _seconds() -> float | None:
    """DEMO_SECONDS, None when it is not given."""
    text = os.environ.get("DEMO_SECONDS")
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 86_400:
        raise SystemExit(f"DEMO_SECONDS is how many seconds the demo shall run, not {text!r}")
    return seconds


def main() -> int:
    seconds = _seconds()
    place = Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else ROOT / "build" / "demo"
    place.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # taking the terminal back is not stopped
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)  # Ctrl-Z would stop linod, and nobody could wake it: make waits
    with _locked(place / "lock") as lock:
        for name in ("state", "run", "data"):
            shutil.rmtree(place / name, ignore_errors=True)
        with _runtime(place) as runtime:
            return Demo(place, runtime, lock).run(seconds)


if __name__ == "__main__":
    sys.exit(main())
