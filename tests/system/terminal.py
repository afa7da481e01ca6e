"""Somebody at a terminal of the machine, who presses TAB."""

import os
import select
import subprocess
import time

from tests.system.machine import DEADLINE, ENVIRONMENT, Machine


class Terminal:
    """An interactive bash with the machine's bash-completion; `close` ends it."""

    def __init__(self, machine: Machine) -> None:
        self._fd, inner = os.openpty()
        environ = ENVIRONMENT | {"TERM": "dumb", "PS1": "READY>"}
        command = machine.enter(("bash", "--norc", "--noprofile", "-i"), environ, None)
        self._bash = subprocess.Popen(command, stdin=inner, stdout=inner, stderr=inner, cwd="/", start_new_session=True)
        os.close(inner)
        self.shown = ""
        self.wait_for("READY>")
        self.type(". /usr/share/bash-completion/bash_completion; bind 'set bell-style none'; echo LOAD''ED\n")
        self.wait_for("LOADED")
        self.wait_for("READY>")

    def type(self, text: str) -> None:
        self.shown = ""
        os.write(self._fd, text.encode())

    def wait_for(self, text: str) -> str:
        """Read until it is shown; all that was shown since something was typed."""
        end = time.monotonic() + DEADLINE
        while text not in self.shown:
            left = end - time.monotonic()
            assert left > 0 and select.select([self._fd], [], [], left)[0], f"no {text!r} in {self.shown!r}"
            self.shown += os.read(self._fd, 4096).decode(errors="replace")
        return self.shown

    def close(self) -> None:
        self._bash.kill()
        self._bash.wait()
        os.close(self._fd)
