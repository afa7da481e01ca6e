"""The life of the package on a machine of its own: one story, told in order."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system import bases
from tests.system.conftest import install
from tests.system.container import Container
from tests.system.machine import until
from tests.system.site import Site
from tests.system.varlink import Refused

OWN = [
    "/etc/linod/linod.toml",
    "/var/lib/linod",
    "/run/linod",
    "/etc/systemd/system/linod.target.wants",
    "/etc/systemd/system/sockets.target.wants/linod.socket",
    "/etc/systemd/system/multi-user.target.wants/linod.target",
]

Debs = dict[str, Path]


def version(deb: Path) -> str:
    return deb.name.split("_")[1]


@pytest.fixture
def linod(fresh: Container) -> Site:
    """The site linod with a task of its own."""
    return Site(fresh)


class Caller(threading.Thread):
    """Asks again and again, as a monitoring does, and keeps what went wrong."""

    def __init__(self, site: Site) -> None:
        super().__init__()
        self._site = site
        self._enough = threading.Event()
        self.answers: list[float] = []
        self.errors: list[Exception] = []

    def run(self) -> None:
        while not self._enough.wait(0.02):
            began = time.monotonic()
            try:
                self._site.call("RunNow", task="quick")
            except (OSError, EOFError, Refused) as error:
                self.errors.append(error)
            else:
                self.answers.append(time.monotonic() - began)

    def __enter__(self) -> "Caller":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self.join()


def test_the_first_install_starts_an_empty_site(fresh: Container, debs: Debs) -> None:
    install(fresh, debs["older"])
    assert fresh.run("systemctl", "is-active", "linod.service", "linod.socket").out.split() == ["active"] * 2
    assert fresh.run("linod-ctl", "list").code == 0
    assert Site(fresh).status()["counts"]["tasks"] == 0
    assert fresh.run("stat", "-c", "%a %U %G", "/run/linod/linod/control").out == "660 linod linod\n"
    assert fresh.run("stat", "-c", "%a %U", "/var/lib/linod/linod").out == "700 linod\n"


def test_the_commands_of_readme_debian(fresh: Container) -> None:
    fresh.run("useradd", "robin")
    wheels = fresh.path("/opt/wheels")
    wheels.mkdir(parents=True)
    for wheel in bases.wheels().iterdir():
        (wheels / wheel.name).write_bytes(wheel.read_bytes())
    blocks = indented(fresh.read("/usr/share/doc/linod/README.Debian"))
    assert len(blocks) >= 4
    typed = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/opt/wheels"}  # a machine with no network
    done = [fresh.run("bash", "-eu", input=block, timeout=120, environ=typed) for block in blocks]
    assert "INFO Hello, this is job " in done[0].out
    assert "checkdata" in "".join(one.out for one in done)
    fresh.run("runuser", "-u", "robin", "linod-ctl", "status")
    fresh.run("/srv/shop/env/bin/python", "-c", "import linod.host.main")
    fresh.sh("systemctl stop linod@demo.service linod@demo.socket; rm /etc/linod/linod.toml.d/hello.toml")


def indented(text: str) -> list[str]:
    """The blocks of a text that are indented by four spaces: what there is to type."""
    blocks: list[str] = []
    inside = False
    for line in text.splitlines():
        if line.startswith("    "):
            blocks[-1:] = [blocks[-1] + line[4:] + "\n"] if inside else [*blocks[-1:], line[4:] + "\n"]
            inside = True
        elif line.strip() or not inside:
            inside = False
        else:
            blocks[-1] += "\n"
    return blocks


def test_an_upgrade_loses_no_request_and_keeps_what_was_edited(
    fresh: Container, linod: Site, debs: Debs, note: Callable[[str], None]
) -> None:
    fresh.sh("echo '# a local line' >>/etc/linod/linod.toml")
    linod.systemctl("restart")
    linod.run_now("quick")
    linod.ctl("set", "levels", "log_level=DEBUG")
    pid, status = linod.pid, linod.status()
    assert status["version"] == version(debs["older"])
    with Caller(linod) as caller:
        until(lambda: caller.answers, "a first answer")
        install(fresh, debs["current"])
        seen = len(caller.answers)
        until(lambda: len(caller.answers) > seen, "an answer afterwards")
    note(f"the longest answer took {max(caller.answers):.2f} s, {len(caller.errors)} were told that it stops")

    assert linod.status()["version"] == version(debs["current"])
    assert linod.pid != pid
    assert "# a local line" in fresh.read("/etc/linod/linod.toml")
    assert linod.task("levels")["log_level"] == "DEBUG"
    until(lambda: not linod.task("quick")["requested_at"] and not linod.task("quick")["job_id"], "the requests' jobs")
    assert {job["outcome"] for job in linod.jobs("quick")} == {"succeeded"}
    # "linod is stopping": asked of the old one while it drained, and answered; nobody was left without an answer.
    assert {getattr(error, "name", repr(error)) for error in caller.errors} <= {"Stopping"}


def test_a_downgrade_keeps_the_ledger(fresh: Container, linod: Site, debs: Debs) -> None:
    last = linod.run_now("quick")["id"]
    install(fresh, debs["older"])
    assert linod.status()["version"] == version(debs["older"])
    assert linod.jobs("quick")[0]["id"] == last
    assert linod.run_now("quick")["id"] == last + 1
    install(fresh, debs["current"])
    assert linod.jobs("quick")[0]["id"] == last + 1


def test_a_reboot_keeps_tasks_requests_and_journal(fresh: Container, linod: Site) -> None:
    fresh.sh("mkdir -p /var/log/journal; systemctl restart systemd-journald; journalctl --flush")
    linod.ctl("set", "levels", "log_level=ERROR")
    ran = linod.run_now("quick")
    fresh.reboot()

    assert linod.is_active()
    assert linod.jobs("quick")[0]["id"] == ran["id"]
    assert linod.task("levels")["log_level"] == "ERROR"
    assert linod.run_now("quick")["id"] > ran["id"]
    before = fresh.run("journalctl", "-b", "-1", "-t", "linod", "-o", "cat").out.splitlines()
    assert before[-1] == "Done"
    assert "the only line" in fresh.run("journalctl", f"LINOD_JOB={ran['id']}", "-o", "cat").out


def test_a_remove_ends_it_and_keeps_the_data(fresh: Container, linod: Site, debs: Debs) -> None:
    last = linod.jobs("quick")[0]["id"]
    fresh.run("systemctl", "start", "linod@demo.service")
    fresh.run("apt-get", "remove", "-y", "-q", "linod", timeout=90)

    assert not linod.is_active()
    assert not fresh.exists(linod.control) and not fresh.exists("/run/linod/demo/control")
    assert processes_of(fresh, "linod") == []
    assert fresh.exists("/etc/linod/linod.toml") and fresh.exists("/var/lib/linod/linod/linod.sqlite")
    install(fresh, debs["current"])
    assert linod.jobs("quick")[0]["id"] == last


def processes_of(machine: Container, user: str) -> list[str]:
    """The command lines of a user's processes; not every Debian has ps."""
    script = f"for d in /proc/[0-9]*; do [ $(stat -c %U $d 2>/dev/null || echo -) = {user} ] && cat $d/comm; done; true"
    return machine.run("bash", "-c", script).out.split()


def test_a_purge_leaves_only_what_is_the_administrators(fresh: Container, linod: Site) -> None:
    fresh.write("/etc/linod/shop.toml", 'plugins = ["machine_plugin"]\n[host]\npath = ["/srv/linod-test"]\n')
    fresh.run("systemctl", "enable", "--now", "linod@shop.service")
    fresh.run("apt-get", "purge", "-y", "-q", "linod", timeout=90)

    assert [path for path in OWN if fresh.exists(path)] == []
    assert fresh.exists("/etc/linod/shop.toml") and fresh.exists(linod.file)
    assert processes_of(fresh, "linod") == []
    assert fresh.run("getent", "passwd", "linod").out
    assert fresh.run("systemctl", "list-units", "--all", "--no-legend", "linod*").out == ""
    assert fresh.sh("ls /var/lib/systemd/deb-systemd-helper-*/*linod* 2>/dev/null || true").out == ""


def test_a_new_install_starts_empty(fresh: Container, linod: Site, debs: Debs) -> None:
    install(fresh, debs["current"])
    linod.systemctl("restart")
    assert linod.jobs("quick") == []
    assert linod.run_now("quick")["id"] == 1
