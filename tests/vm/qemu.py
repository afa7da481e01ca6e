"""One emulated computer: qemu as a process of this one, and what it is asked to do.

Emulated wholly in software: slower than the processor it runs on, but the same everywhere, and it needs no privilege.
"""

import json
import re
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO

from tests.system.machine import DEADLINE, until
from tests.vm.image import Image

KERNEL = "root=/dev/vda rw resume=/dev/vdb console=ttyS0 net.ifnames=0 mitigations=off tsc=reliable no_timer_check"
"""The kernel's words. It is told to trust a clock that it would find unsteady whenever this machine does much else."""


class Qemu:
    """A running computer. A killed test process takes it along.

    image   what it boots.
    disks   of root and swap, images of qemu in which snapshots are kept.
    clock   what its own clock says when it is switched on.
    place   a directory for its socket and its console.
    state   the name of a saved one to go on from; without it, it boots.
    """

    def __init__(self, image: Image, disks: Sequence[Path], clock: datetime, place: Path, state: str = "") -> None:
        self._socket = place / "qemu"
        self._console = place / "console"
        words = ["-accel", "tcg,thread=multi", "-machine", "pc", "-cpu", "Nehalem", "-smp", "2", "-m", "1024"]
        words += ["-nodefaults", "-display", "none", "-no-reboot"]
        words += ["-chardev", f"file,id=line,path={self._console},append=on", "-serial", "chardev:line"]
        words += ["-kernel", str(image.kernel), "-initrd", str(image.initrd), "-append", KERNEL]
        words += ["-rtc", f"base={clock:%Y-%m-%dT%H:%M:%S}"]
        for disk in disks:
            words += ["-drive", f"file={disk},if=virtio,format=qcow2,cache=unsafe"]
        # It reaches nobody, and only this machine reaches its port 22.
        words += ["-netdev", "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:0-:22"]
        words += ["-device", "virtio-net-pci,netdev=net", "-device", "virtio-rng-pci"]
        words += ["-qmp", f"unix:{self._socket},server=on,wait=off"]
        # In a process of its own: one that goes on from an earlier state keeps counting its processor's clock.
        words += ["-loadvm", state] if state else []
        self._socket.unlink(missing_ok=True)
        with self._console.open("ab") as console:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig=KILL", "qemu-system-x86_64", *words],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )
        self.port = until(self._find_port, "qemu's start")

    def command(self, line: str) -> str:
        """Type a line at qemu's own prompt, as its manual has them; what it answers."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(DEADLINE)
            connection.connect(str(self._socket))
            with connection.makefile("rw") as lines:
                lines.readline()  # its greeting
                _ask(lines, "qmp_capabilities", {})
                return str(_ask(lines, "human-monitor-command", {"command-line": line}))

    def save(self, name: str) -> None:
        """Keep all of its state, memory and disks, under a name."""
        answer = self.command(f"savevm {name}")
        assert answer == "", answer

    @property
    def console(self) -> str:
        """What it has written on its serial line."""
        return self._console.read_text(errors="replace")

    def is_on(self) -> bool:
        return self._process.poll() is None

    def wait_until_off(self) -> None:
        """Until it has switched itself off."""
        until(lambda: not self.is_on(), "the machine switches itself off")

    def switch_off(self) -> None:
        """At once, as one that lost its power; what qemu keeps of its disks is written."""
        self._process.terminate()
        try:
            self._process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _find_port(self) -> int:
        assert self.is_on(), f"qemu did not start:\n{self.console}"
        with suppress(FileNotFoundError, ConnectionRefusedError):
            found = re.search(r"HOST_FORWARD\]\s+\d+\s+\S+\s+(\d+)", self.command("info usernet"))
            return int(found[1]) if found else 0
        return 0


def _ask(lines: IO[str], what: str, arguments: dict[str, str]) -> object:
    """One call of qemu's protocol; what happened meanwhile is told in between, and is not asked for here."""
    lines.write(json.dumps({"execute": what, "arguments": arguments}) + "\n")
    lines.flush()
    for line in lines:
        reply = json.loads(line)
        if "event" not in reply:
            return reply["return"]
    raise EOFError(f"qemu ended before it answered {what}")
