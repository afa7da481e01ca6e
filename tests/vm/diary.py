"""What the jobs of a machine's site write down of themselves."""

import json
import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from tests.system.machine import until
from tests.system.site import Site


class Ran(NamedTuple):
    """One job.

    slot   in UTC, as the wire has it; None of a request.
    at     what the clock said, in seconds since 1970.
    awake  seconds that the machine had been running; neither a set clock nor a sleep adds to them.
    """

    task: str
    id: int
    slot: str | None
    at: float
    awake: float


class Diary:
    """Their lines, as they come. (To look again and again would keep an emulated processor from its work.)"""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._tail = self._opened()
        self._text = ""

    def _opened(self) -> "subprocess.Popen[str]":
        tail = self._site.machine.start("tail", "--lines=+1", "--follow=name", "--retry", f"{self._site.state}/ran")
        assert tail.stdout is not None
        os.set_blocking(tail.stdout.fileno(), False)
        return tail

    def reopen(self) -> None:
        """Read it anew: the connection did not survive."""
        self.close()
        self._tail, self._text = self._opened(), ""

    def close(self) -> None:
        self._tail.kill()
        self._tail.communicate()

    def ran(self, *tasks: str) -> list[Ran]:
        """The jobs that ran, of these tasks or of all, the oldest first."""
        assert self._tail.stdout is not None
        with suppress(BlockingIOError):
            while data := os.read(self._tail.stdout.fileno(), 1 << 16):
                self._text += data.decode()
        found = [Ran(**json.loads(line)) for line in self._text.splitlines(keepends=True) if line.endswith("\n")]
        return [one for one in found if not tasks or one.task in tasks]

    def wait(self, look: Callable[[list[Ran]], bool], what: str) -> list[Ran]:
        """Wait until something is true of the jobs that ran; those."""
        return until(lambda: found if look(found := self.ran()) else None, what)

    def goes_on(self, task: str, times: int = 3) -> None:
        """Wait until a task has run that many times more."""
        before = len(self.ran(task))
        self.wait(lambda _: len(self.ran(task)) >= before + times, f"{times} more jobs of {task}")
