"""A virtual machine as the tests see it: entered by ssh, with a state to go back to, and a clock of its own."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shlex import join, quote

from tests.system.machine import DEADLINE, Machine, as_user, until
from tests.system.tools import checked
from tests.vm.image import IMAGES, Image
from tests.vm.qemu import Qemu

SSH = ["-q", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "ControlMaster=auto"]
SSH += ["-F", "/dev/null", "-o", "ControlPersist=yes", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={DEADLINE:.0f}"]


class VirtualMachine(Machine):
    """A machine of its own, booted with its clock at the moment `clock`; `close` leaves nothing of it behind."""

    def __init__(self, image: Image, clock: datetime) -> None:
        self._image = image
        # The path of a socket may not be long.
        self._place = Path(tempfile.mkdtemp(prefix="linod-vm-", dir="/tmp"))
        self._disks = [Path(tempfile.mkstemp(prefix="disk-", dir=IMAGES)[1]) for _ in (image.root, image.swap)]
        self._forwarded: dict[str, Path] = {}
        self._qemu: Qemu | None = None
        try:
            for disk, begins_as in zip(self._disks, (image.root, image.swap), strict=True):
                checked("qemu-img", "create", "-q", "-f", "qcow2", "-b", str(begins_as), "-F", "raw", str(disk))
            self._switch_on(clock)
            self.wait_until_up()
        except BaseException:
            self.close()
            raise

    def _switch_on(self, clock: datetime, state: str = "") -> None:
        self._qemu = Qemu(self._image, self._disks, clock, self._place, state)

    @property
    def qemu(self) -> Qemu:
        assert self._qemu is not None
        return self._qemu

    def wait_until_up(self) -> None:
        """Until it has booted, or is awake again."""
        with self._console_shown():
            until(self._answers, "ssh into the machine", 4 * DEADLINE)
            self.run("systemctl", "is-system-running", "--wait", timeout=4 * DEADLINE)

    def _answers(self) -> bool:
        assert self.qemu.is_on(), "the machine went off"
        with suppress(subprocess.TimeoutExpired):
            return self.run("true", code=None, timeout=DEADLINE / 4).code == 0
        return False

    @contextmanager
    def _console_shown(self) -> Iterator[None]:
        """A failure shows the end of the machine's console."""
        try:
            yield
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.qemu.console[-4000:]}") from error

    # how it is entered

    def _ssh(self, *words: str) -> list[str]:
        known = ["-i", str(self._image.key), "-o", f"ControlPath={self._place}/ssh", "-p", str(self.qemu.port)]
        return ["ssh", *SSH, *known, *words, "root@127.0.0.1"]

    def enter(self, command: tuple[str, ...], environ: Mapping[str, str], user: str | None) -> list[str]:
        words = [f"{key}={text}" for key, text in environ.items()]
        return [*self._ssh(), "--", "cd / &&", join([*as_user(user), "env", "-i", *words, *command])]

    def _hang_up(self) -> None:
        """End the connection, in which all sessions are."""
        subprocess.run(self._ssh("-O", "exit"), stderr=subprocess.DEVNULL, check=False)
        for path in self._forwarded.values():
            path.unlink(missing_ok=True)
        self._forwarded.clear()

    def socket(self, path: str) -> Path:
        if path not in self._forwarded:
            here = self._place / f"socket-{len(self._forwarded)}"
            self.run("true")  # so that there is a connection
            checked(*self._ssh("-O", "forward", "-L", f"{here}:{path}"))
            self._forwarded[path] = here
        return self._forwarded[path]

    # files

    def read(self, path: str) -> str:
        return self.run("cat", path).out

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        there = quote(path)
        script = f"mkdir -p $(dirname {there}); cat > {there}; chmod {mode:o} {there}"
        self.run("bash", "-euc", script, input=text)

    def exists(self, path: str) -> bool:
        return self.run("test", "-e", path, code=None).code == 0

    def remove(self, path: str) -> None:
        self.run("rm", "-f", path)

    # time

    def now(self) -> datetime:
        """What its clock says."""
        return datetime.fromtimestamp(float(self.run("date", "+%s.%N").out), UTC)

    def set_clock(self, moment: datetime) -> None:
        """Set its clock, and nobody else's."""
        self.run("date", "--utc", "--set", f"{moment:%Y-%m-%d %H:%M:%S.%f}")

    def shift_clock(self, by: timedelta) -> None:
        """Set its clock forward or back by whole seconds."""
        self.run("date", "--set", f"{by.total_seconds():+.0f} seconds")

    # states

    def save(self) -> None:
        """Keep its state, for `restore`."""
        self._hang_up()
        self.qemu.save("saved")

    def restore(self) -> None:
        """Be again as it was when saved, its clock included."""
        self._hang_up()
        self.qemu.switch_off()
        self._switch_on(datetime.now(UTC), "saved")

    def hibernate(self, during: timedelta) -> None:
        """Write its memory to the disk and switch off; switched on again, it finds that much time passed."""
        clock = int(self.read("/sys/class/rtc/rtc0/since_epoch"))
        self.run("systemd-run", "--no-block", "systemctl", "hibernate")
        self._hang_up()
        with self._console_shown():
            self.qemu.wait_until_off()
        self._switch_on(datetime.fromtimestamp(clock, UTC) + during)
        self.wait_until_up()

    def close(self) -> None:
        """Switch it off and remove what was its own."""
        if self._qemu is not None:
            self._hang_up()
            self._qemu.switch_off()
        for disk in self._disks:
            disk.unlink()
        shutil.rmtree(self._place)
