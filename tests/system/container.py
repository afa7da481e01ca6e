"""A container with a real systemd as PID 1, on a machine whose own PID 1 may be anything.

Only root, mount and unshare are needed: a base directory below an overlay in memory, systemd-nspawn in a mount and a
pid namespace of its own, and nsenter for the commands. Nobody is told of it: neither machined nor other containers.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from tests.system.machine import Mounted, entering, until

BOOT = Path(__file__).with_name("boot")
PLACE = Path("/var/tmp")
PREFIX = "linod-test-"

BOOT_WITHIN = 60.0
"""Seconds; it takes 1 to 3 here."""

STOP_WITHIN = 90.0
"""Seconds: more than `stop_timeout` of a site whose job does not end."""

REMOVE_GROUPS = f"""
mount -t cgroup2 none /mnt
for group in /mnt/{PREFIX}*/; do
    if grep -qs '^populated 0' "$group/cgroup.events"; then # no process lives in it or below it
        find "$group" -depth -type d -exec rmdir {{}} + 2>/dev/null || true
    fi
done
"""


class Container(Mounted):
    """One booted machine; `close` leaves nothing of it behind. A killed test process takes it along.

    base  directory with the files it begins with; they are not changed.
    """

    def __init__(self, base: Path) -> None:
        self._base = base
        with _alone():
            self._name = PREFIX + uuid4().hex[:12]
            self._work = PLACE / self._name
            self._work.mkdir(mode=0o700)
            self._lock = _locked(self._work / "lock")
        self._log = self._work / "console"
        self._outer: subprocess.Popen[bytes]
        self._leader = 0
        self._boot()

    def _boot(self) -> None:
        namespaces = ["--mount", "--propagation=private", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"]
        command = ["bash", str(BOOT), str(self._base), str(self._work), self._name]
        with self._log.open("wb") as log:
            self._outer = subprocess.Popen(
                ["setpriv", "--pdeathsig=KILL", "unshare", *namespaces, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[self._lock],  # so that the directory counts as used until the last of its processes is gone
            )
        try:
            self._leader = until(self._find_leader, "systemd in the container", BOOT_WITHIN)
            self.root = Path(f"/proc/{self._leader}/root")
            until(self._is_up, "the container's boot", BOOT_WITHIN)
        except BaseException:
            self.close()
            raise

    def _find_leader(self, other_than: int = 0) -> int:
        assert self._outer.poll() is None, f"the container did not start:\n{self._log.read_text()}"
        return next((pid for pid in _descendants(self._outer.pid) if _is_leader(pid) and pid != other_than), 0)

    def _is_up(self) -> bool:
        assert self._outer.poll() is None, f"the container ended:\n{self._log.read_text()}"
        return self.run("systemctl", "is-system-running", "--wait", code=None).out.strip() in ("running", "degraded")

    def enter(self, command: tuple[str, ...], environ: Mapping[str, str], user: str | None) -> list[str]:
        return entering(self._leader, command, environ, user)

    def reboot(self) -> None:
        """Shut down and boot again; files stay."""
        before = self._leader
        self.run("systemctl", "reboot", code=None)
        self._leader = until(lambda: self._find_leader(other_than=before), "the next boot", STOP_WITHIN)
        self.root = Path(f"/proc/{self._leader}/root")
        until(self._is_up, "the container's next boot", BOOT_WITHIN)

    def close(self) -> None:
        """Shut it down in good order; what does not end in time is killed with all that is in it."""
        if self._outer.poll() is None and self._leader:
            with suppress(AssertionError, subprocess.TimeoutExpired):
                self.run("systemctl", "poweroff", code=None)
                self._outer.wait(STOP_WITHIN)
        if self._outer.poll() is None:
            self._outer.kill()
            self._outer.wait()
        os.close(self._lock)
        sweep()


def sweep() -> None:
    """Remove what earlier runs left: their directories and control groups, unless somebody lives in them."""
    with _alone():
        for work in PLACE.glob(f"{PREFIX}*"):
            with suppress(BlockingIOError):
                os.close(_locked(work / "lock"))
                shutil.rmtree(work)
    subprocess.run(["unshare", "--mount", "--propagation=private", "bash", "-c", REMOVE_GROUPS], check=True)


@contextmanager
def _alone() -> Iterator[None]:
    """Nobody else makes or removes a work directory meanwhile: one that is being made has no lock yet."""
    place = os.open(PLACE, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)


def _locked(file: Path) -> int:
    """A descriptor that holds the lock on `file`; raises BlockingIOError when another process has it."""
    lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise
    return lock


def _descendants(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield int(child)
            yield from _descendants(int(child))


def _is_leader(pid: int) -> bool:
    """Whether this is PID 1 of the container: of the third pid namespace, ours and that of `boot` being the others."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        numbers = next(line for line in lines if line.startswith("NSpid:")).split()[1:]
        return len(numbers) >= 3 and numbers[-1] == "1" and numbers[-2] != "1"
    return False
