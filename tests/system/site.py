"""A site on a machine: its settings, its units, its daemon, its journal. Each test has one of its own."""

import json
from collections.abc import Mapping
from pathlib import Path
from signal import Signals
from typing import Any

from tests.system.machine import DEADLINE, Done, Machine, until
from tests.system.varlink import Connection

PLUGIN = Path(__file__).parent / "programs" / "machine_plugin.py"
PLACE = "/srv/linod-test"

SETTINGS = {"time_zone": "UTC", "stop_timeout": 5, "kill_grace": 2}
HOST = {"path": [PLACE]}


class Site:
    """The site `name` with one plugin; without a name it is `linod`, the site of linod.service.

    Its daemon is started by the first question, as everybody's is.
    """

    def __init__(self, machine: Machine, name: str = "linod", plugin: Path = PLUGIN) -> None:
        self.machine = machine
        self.plugin = plugin
        self.name = name
        instance = "" if name == "linod" else f"@{name}"
        self.service = f"linod{instance}.service"
        self.socket = f"linod{instance}.socket"
        self.state = f"/var/lib/linod/{name}"
        self.control = f"/run/linod/{name}/control"
        self.file = f"/etc/linod/{name}.toml.d/50-test.toml"
        self._drop_ins = [f"/run/systemd/system/{unit}.d" for unit in (self.service, self.socket)]
        self.configure()

    # what it is made of

    def configure(self, host: Mapping[str, object] | None = None, **settings: object) -> None:
        """Write its settings: those of all tests, and these over them."""
        self.machine.write(f"{PLACE}/{self.plugin.name}", self.plugin.read_text())
        chosen = SETTINGS | {"plugins": [self.plugin.stem]} | settings
        lines = [f"{key} = {json.dumps(value)}" for key, value in chosen.items()]
        lines += ["[host]", *(f"{key} = {json.dumps(value)}" for key, value in (HOST | dict(host or {})).items())]
        self.machine.write(self.file, "\n".join(lines) + "\n")

    def drop_in(self, text: str, name: str = "test") -> None:
        """Lines for the service's [Service]."""
        self.machine.write(f"{self._drop_ins[0]}/{name}.conf", f"[Service]\n{text}\n")
        self.machine.run("systemctl", "daemon-reload")

    # its units

    def systemctl(self, verb: str, code: int | None = 0) -> Done:
        return self.machine.run("systemctl", verb, self.service, code=code, timeout=90)

    def start(self) -> None:
        """Start the service; the command ends with READY=1."""
        self.systemctl("start")

    def stop(self) -> None:
        """Stop the service. Its socket listens on."""
        self.systemctl("stop")

    def show(self, name: str) -> str:
        return self.machine.show(self.service, name)

    @property
    def pid(self) -> int:
        """The main process, 0 when there is none."""
        return int(self.show("MainPID"))

    def is_active(self) -> bool:
        return self.machine.run("systemctl", "is-active", "--quiet", self.service, code=None).code == 0

    def signal(self, number: Signals, *pids: int) -> None:
        self.machine.kill(number, *(pids or (self.pid,)))

    def remove(self) -> None:
        """End it and remove all that is its own."""
        units = [self.socket, self.service]
        self.machine.run("systemctl", "stop", *units, code=None, timeout=90)
        self.machine.run("systemctl", "reset-failed", *units, code=None)
        self.machine.sh(f"umount {self.state} 2>/dev/null || true; rm -rf {self.state} /etc/linod/{self.name}.toml.d")
        if any(self.machine.exists(directory) for directory in self._drop_ins):
            self.machine.run("rm", "-rf", *self._drop_ins)
            self.machine.run("systemctl", "daemon-reload")

    # its daemon

    def connection(self, timeout: float = DEADLINE) -> Connection:
        return Connection(self.machine.socket(self.control), timeout)

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Ask the daemon."""
        with self.connection() as connection:
            connection.ask(method, **parameters)
            return connection.answer()

    def ctl(self, *words: str, code: int | None = 0, user: str | None = None) -> Done:
        """Type `linod-ctl`."""
        site = [] if self.name == "linod" else ["--site", self.name]
        return self.machine.run("linod-ctl", *site, *words, code=code, user=user)

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GetStatus")["status"]
        return found

    def host_pid(self) -> int:
        """The worker host, when it is ready."""
        return int(until(lambda: self.status()["host"]["pid"], "a host"))

    def task(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("ShowTask", task=name)["task"]
        return found

    def jobs(self, name: str) -> list[dict[str, Any]]:
        """Its jobs, the newest first."""
        found: list[dict[str, Any]] = self.call("ListJobs", task=name)["jobs"]
        return found

    def run_now(self, name: str) -> dict[str, Any]:
        """Run a task and wait for its end; the job."""
        found: dict[str, Any] = self.call("RunNow", task=name, wait=True)["job"]
        return found

    def run_now_when_ready(self, name: str) -> dict[str, Any]:
        """The same for somebody who does not see whether there is a host: a request waits for one."""
        asked = self.call("RunNow", task=name)["requested_at"]

        def ended() -> dict[str, Any]:
            return next((job for job in self.jobs(name) if job["requested_at"] == asked and job["outcome"]), {})

        return until(ended, f"the end of the job of {name}")

    def begin(self, name: str = "waits") -> dict[str, Any]:
        """Request a task and wait until its job is in the procedure; the job, with its pid."""
        self.machine.remove(f"{self.state}/started")  # of one that was killed
        self.call("RunNow", task=name)
        until(lambda: self.machine.exists(f"{self.state}/started"), f"start of a job of {name}")
        newest = until(lambda: self.jobs(name)[0]["pid"] and self.jobs(name)[0], "its pid in the ledger")
        return dict(newest)

    def let_go(self) -> None:
        """Let jobs of `waits` end."""
        self.machine.write(f"{self.state}/go", "")

    # its journal

    def journal(self, *matches: str) -> list[dict[str, Any]]:
        """What its service has written, the oldest first; all of it, also what was sent just now."""
        self.machine.run("journalctl", "--sync")
        return records(self.machine, "-u", self.service, *matches)

    def texts(self, *matches: str) -> list[str]:
        return [str(record["MESSAGE"]) for record in self.journal(*matches)]

    def wait_for_text(self, text: str, *matches: str) -> str:
        """Wait for a record with this text in it; the record's whole text."""
        return until(
            lambda: next((line for line in self.texts(*matches) if text in line), ""), f"{text!r} in the journal"
        )


def records(machine: Machine, *arguments: str) -> list[dict[str, Any]]:
    """Records of the journal as journald has them."""
    out = machine.run("journalctl", "--quiet", "--output=json", "--all", *arguments, code=None).out
    return [json.loads(line) for line in out.splitlines()]
