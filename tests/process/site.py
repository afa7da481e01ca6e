"""A real site for a test: a directory, a plugin, a real `linod`, a real NOTIFY_SOCKET. All waits have a deadline."""

import json
import os
import select
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from signal import SIGTERM
from typing import Any

from linod.control.client import Client, Stopped, connect

DEADLINE = 30.0
"""Seconds that anything may take on a machine that does much else; a test that meets it has failed."""

BIN = Path(sys.executable).parent


class Site:
    """One site in a directory of its own."""

    def __init__(self, directory: Path, environ: Mapping[str, str] | None = None) -> None:
        self.directory = directory
        self.state = directory / "state"
        self.run = directory / "run"
        self.stderr = directory / "stderr"
        self.out = directory / "out"
        self.plugins: list[str] = []
        self.settings: dict[str, Any] = {"time_zone": "Europe/Brussels"}
        self.host: dict[str, Any] = {}
        self.environ = dict(environ or {})
        self.process: subprocess.Popen[bytes] | None = None
        self.python = BIN
        directory.mkdir(parents=True, exist_ok=True)
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(directory / "notify"))
        self.messages: list[str] = []

    # what it is made of

    def plugin(self, source: str, name: str = "site_plugin") -> None:
        """Write a plugin module and load it. Its text may use OUT, a file that tests read."""
        head = "from linod import at_job_start, background_task, schedule_daily, schedule_often\n"
        head += f"OUT = {str(self.out)!r}\n"
        (self.directory / f"{name}.py").write_text(head + textwrap.dedent(source))
        if name not in self.plugins:
            self.plugins.append(name)

    @property
    def file(self) -> Path:
        return self.directory / "linod.toml"

    def write_settings(self) -> Path:
        host = {"path": [str(self.directory)], **self.host}
        lines = [f"{key} = {json.dumps(value)}" for key, value in {"plugins": self.plugins, **self.settings}.items()]
        lines += ["[host]", *(f"{key} = {json.dumps(value)}" for key, value in host.items())]
        self.file.write_text("\n".join(lines) + "\n")
        return self.file

    def environment(self, **more: str) -> dict[str, str]:
        keep = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
        return {
            **keep,
            "STATE_DIRECTORY": str(self.state),
            "RUNTIME_DIRECTORY": str(self.run),
            "NOTIFY_SOCKET": str(self.directory / "notify"),
            "LINOD_CONTROL": str(self.run / "control"),
            **self.environ,
            **more,
        }

    # the daemon

    def command(self, *words: str) -> list[str]:
        return [str(self.python / "linod"), "--settings", str(self.write_settings()), *words]

    def start(self, *, wait: bool = True, options: Mapping[str, Any] | None = None, **environ: str) -> None:
        """Start the daemon; by default wait for READY=1."""
        with self.stderr.open("ab") as stderr:
            self.process = subprocess.Popen(
                self.command(),
                env=self.environment(**environ),
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                **(options or {}),
            )
        if wait:
            self.wait_for_message("READY=1")

    def linod(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run `linod check` and the like to their end."""
        return subprocess.run(
            self.command(*words), env=self.environment(**environ), capture_output=True, text=True, timeout=DEADLINE
        )

    def ctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.python / "linod-ctl"), *words],
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )

    def start_ctl(self, *words: str) -> "subprocess.Popen[str]":
        """`linod-ctl` for a test that goes on meanwhile."""
        command = [str(self.python / "linod-ctl"), *words]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=self.environment(), stdout=pipe, stderr=pipe, text=True)

    def json(self, *words: str) -> Any:
        done = self.ctl(*words, "--json")
        assert done.returncode in (0, 1), done.stderr
        return json.loads(done.stdout)

    def client(self) -> Client:
        return connect([self.run / "control"], wake=False)

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self, number: int = SIGTERM) -> int:
        self.signal(number)
        return self.wait_end()

    def wait_end(self) -> int:
        assert self.process is not None
        return self.process.wait(DEADLINE)

    def close(self) -> None:
        """End what a failed test left."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE)
        self._notify.close()

    # what it says

    def log(self) -> str:
        return self.stderr.read_text()

    def lines(self) -> list[str]:
        return self.log().splitlines()

    def wait_for_log(self, text: str, times: int = 1) -> str:
        self.wait_until(lambda: self.log().count(text) >= times, f"{text!r} in the log")
        return self.log()

    def wait_for_message(self, text: str) -> None:
        """Wait until one of sd_notify's messages has this line."""
        end = time.monotonic() + DEADLINE
        while True:
            self.read_messages(max(0.0, end - time.monotonic()), until=text)
            if any(text in message.splitlines() for message in self.messages):
                return
            assert time.monotonic() < end and self.alive(), f"no {text}; log:\n{self.log()}"

    def forget_messages(self) -> None:
        """Forget all that came, and what a daemon that has ended left to be read."""
        self.read_messages()
        self.messages.clear()

    def read_messages(self, timeout: float = 0.0, until: str | None = None) -> list[str]:
        """Take what has come; with `until`, wait up to `timeout` seconds for a message with this line."""
        end = time.monotonic() + timeout
        while True:
            left = min(0.2, max(0.0, end - time.monotonic()))
            if not select.select([self._notify], [], [], left)[0]:
                return self.messages
            self.messages.append(self._notify.recv(8192).decode())
            if until is not None and until in self.messages[-1].splitlines():
                return self.messages

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def wait_for_control(self) -> None:
        """Wait until the control socket takes connections: a moment after its file is there."""

        def connects() -> bool:
            try:
                self.client().close()
            except Stopped:
                return False
            return True

        self.wait_until(connects, "control socket")

    def wait_until(self, true: Callable[[], object], what: str) -> None:
        """Look again and again until something is true. The pause is a wait for a notify message, or a moment."""
        end = time.monotonic() + DEADLINE
        while not true():
            assert time.monotonic() < end, f"no {what}; log:\n{self.log()}"
            self.read_messages(0.02)

    # what it has done

    def task(self, name: str) -> Any:
        with self.client() as client:
            return client.call("ShowTask", task=name)["task"]

    def status(self) -> Any:
        with self.client() as client:
            return client.call("GetStatus")["status"]

    def jobs(self, name: str) -> Any:
        with self.client() as client:
            return client.call("ListJobs", task=name)["jobs"]

    def run_now(self, name: str, **more: object) -> Any:
        """Run a task and wait for its end; the job."""
        with self.client() as client:
            return client.call("RunNow", task=name, wait=True, **more)["job"]

    def output(self) -> list[str]:
        return self.out.read_text().splitlines() if self.out.exists() else []
