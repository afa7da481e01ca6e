"""A site to measure: settings, database and plugins as a user has them, and the `linod` that serves it."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from linod.control.client import Client, connect
from tests.bench.environment import BUILD, PROGRAMS
from tests.bench.floor import Floor
from tests.bench.lines import Lines
from tests.bench.notify import Listener
from tests.bench.operate import disable, tasks, wait_until_idle
from tests.bench.processes import tree
from tests.bench.verdict import Unmeasured
from tests.cgroups.entering import into

SETTINGS = """\
database = "sqlite:///{state}/linod.sqlite"
plugins = {modules}
time_zone = "UTC"
max_jobs = {max_jobs}

[host]
path = ["{plugins}"]
"""

PROCEDURES = ("tell_first_line", "need_four_seconds", "do_nothing", "log_ten_lines", "wait_at_the_gate")
"""Those of `programs/bench_plugin.py`: what else there is comes from the demo."""


@dataclass(frozen=True)
class Bench:
    """What to measure with.

    python      the interpreter that linod is installed for.
    old_python  the same with the oldest typer, for linod-ctl; or None.
    quick       few samples.
    """

    python: Path
    old_python: Path | None = None
    quick: bool = False

    def samples(self, full: int, quick: int) -> int:
        return quick if self.quick else full


@dataclass
class Daemon:
    """A `linod` that is ready.

    process      the daemon; its host and spare are its descendants.
    ready_after  seconds from its start to READY.
    client       an open connection to its control socket.
    """

    process: "subprocess.Popen[bytes]"
    ready_after: float
    client: Client

    def stop(self, timeout: float = 30.0) -> float:
        """Ask it to end as systemd does; returns the seconds from SIGTERM to its exit."""
        self.client.close()
        family = tree(self.process.pid)
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout)
        took = time.monotonic() - began
        left = [pid for pid in family if Path(f"/proc/{pid}").exists()]
        if status != 0 or left:
            raise Unmeasured(f"linod ended with status {status}, leaving the processes {left}")
        return took


class Site:
    """One site in directories of its own; made by `site()`."""

    def __init__(self, bench: Bench, state: Path, runtime: Path, max_jobs: int, demo: bool, group: Path | None) -> None:
        self.bench, self.state, self.runtime, self.group = bench, state, runtime, group
        self.notify = Listener(runtime / "notify")
        self.lines = Lines(runtime / "lines")
        self.gate = runtime / "gate"
        self.gate.touch()
        self.settings = runtime / "bench.toml"
        self.log = state / "log"
        shutil.copy(PROGRAMS / "bench_plugin.py", runtime)
        modules = '["linod.demo", "bench_plugin"]' if demo else '["bench_plugin"]'
        self.settings.write_text(SETTINGS.format(state=state, plugins=runtime, max_jobs=max_jobs, modules=modules))
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("LINO", "PYTHON", "NOTIFY_"))},
            "STATE_DIRECTORY": str(state),
            "RUNTIME_DIRECTORY": str(runtime),
            "LINOD_CONTROL": str(runtime / "control"),
        }

    def command(self, name: str, *arguments: str) -> list[str]:
        """The command line of `linod` or `linod-ctl` in the measured environment."""
        return [str(self.bench.python.parent / name), *arguments]

    def start(self, command: Sequence[str] | None = None) -> Daemon:
        """Start linod, wait for READY, connect."""
        with self.log.open("ab") as log:
            began = time.monotonic()
            process = subprocess.Popen(
                command or self.command("linod", "--settings", str(self.settings)),
                env={**self.environ, "NOTIFY_SOCKET": str(self.notify.path)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=into(self.group) if self.group else None,
            )
            try:
                ready = self.notify.wait_ready(process)
            except Unmeasured as error:
                process.kill()
                process.wait()
                last = self.log.read_text()[-500:].strip()
                raise Unmeasured(f"linod: {error}; its log ends with: {last!r}") from error
        return Daemon(process, ready - began, connect([self.runtime / "control"], wake=False))

    @contextmanager
    def running(self) -> Iterator[Daemon]:
        """A daemon for the time of the block, whose only tasks are those of the bench: the demo's are disabled."""
        daemon = self.start()
        try:
            for task in tasks(daemon.client):
                if task["procedure"] not in PROCEDURES and not task["disabled"]:
                    disable(daemon.client, str(task["id"]))
            wait_until_idle(daemon.client)
            yield daemon
        finally:
            if daemon.process.poll() is None:
                daemon.process.terminate()
                daemon.process.wait(30)
            daemon.client.close()

    @contextmanager
    def floor(self) -> Iterator[Floor]:
        """The floor's probe for the time of the block, its files beside linod's."""
        with closing(Floor(self.bench.python, self.state, self.runtime)) as probe:
            yield probe


@contextmanager
def site(bench: Bench, max_jobs: int = 4, *, demo: bool = True, group: Path | None = None) -> Iterator[Site]:
    """A new site for the time of the block, its database on the checkout's disk, its sockets at short paths.

    demo   with the plugins of the demo.
    group  the control group in which its daemon begins, as in that of a unit; None: the bench's own.
    """
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as state, tempfile.TemporaryDirectory() as runtime:
        made = Site(bench, Path(state), Path(runtime), max_jobs, demo, group)
        with closing(made.notify), closing(made.lines):
            yield made
