"""One life of one host process: what it says, whether it is alive, how it ended."""

import asyncio
import os
import signal
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from linod.host.packets import BadPacket, Gone
from linod.host.process import HostProcess
from linod.host.protocol import VERSION, Message
from linod.host.text import Lines, signal_name
from linod.settings.model import HostSettings
from linod.tuples import NamedTuple

TAIL_LINES = 100
"""Of what the host printed: the last words of one that crashed."""

LAST_WORDS = 0.2
"""Seconds between asking a hung host for its stack (faulthandler) and killing it."""

DYING = 1.0
"""Seconds from the end of a host's socket to its own, which tells more; then it is killed."""

PACKETS_AT_ONCE = 64
"""Read in one turn of the loop."""

OUTPUT_BYTES = 32 * 1024


class End(NamedTuple):
    """How a host ended.

    reason  for people: "was killed by signal SIGSEGV".
    plugin  what it was importing, "" if nothing.
    version what linod it had, and what protocol that speaks; None if it never said hello.
    tail    what it printed last.
    """

    reason: str
    plugin: str
    version: tuple[str, int] | None
    tail: str


class Listener(Protocol):
    """Who hears of the host."""

    def host_said(self, message: Message) -> None:
        """Any message that is not about the host's own life."""

    def host_printed(self, line: str) -> None:
        """One line of its standard output or error."""

    def host_ended(self, end: End) -> None:
        """It is gone and reaped; nothing comes after this."""


class HostLink:
    """Watches one host from its start to its end. Two timers: until loaded, `load_timeout` for each plugin; then, a
    ping each third of `silence_timeout`, and an answer within it."""

    def __init__(self, process: HostProcess, settings: HostSettings, listener: Listener) -> None:
        self._process = process
        self._settings = settings
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._cause = ""
        self._plugin = ""
        self._version: tuple[str, int] | None = None
        self._loaded = False
        self._ended = False
        self._lines = Lines()
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._ping: asyncio.TimerHandle | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._loop.add_reader(process.packets.fileno(), self._readable)
        self._loop.add_reader(process.output, self._printed)
        self._loop.add_reader(process.pidfd, self._exited)
        self._expect(settings.load_timeout, self._hung)

    @property
    def plugin(self) -> str:
        """What the host is importing now."""
        return self._plugin

    def load(self, plugins: tuple[str, ...], *, entry_points: bool, without: tuple[str, ...]) -> None:
        """Tell the host what to load, unless whoever started it did."""
        if not self._process.asked:
            with suppress(Gone):  # it has ended already, which shows
                self._process.load(plugins, entry_points=entry_points, without=without)

    def send(self, message: Message, fds: tuple[int, ...] = ()) -> None:
        """Say something to the host; if it is gone, that will show."""
        packets = self._process.packets
        if self._ended:
            return
        try:
            packets.send(message, fds)
        except Gone:
            self._dying()
            return
        if packets.waiting:
            self._loop.add_writer(packets.fileno(), self._writable)

    def _writable(self) -> None:
        packets = self._process.packets
        try:
            packets.flush()
        except Gone:
            self._dying()
            self._loop.remove_writer(packets.fileno())
        if not packets.waiting:
            self._loop.remove_writer(packets.fileno())

    def _readable(self) -> None:
        """Take what the host said, a bounded number of packets."""
        try:
            for _ in range(PACKETS_AT_ONCE):
                received = self._process.packets.receive()
                if received is None:
                    return
                self._heard(received[0])
        except Gone:
            self._dying()
        except BadPacket as error:
            self._lose(f"sent what is no message ({error})")

    def _heard(self, message: Message) -> None:
        match message["type"]:
            case "hello":
                self._version = str(message.get("linod")), int(message["version"])
                if self._version[1] != VERSION:
                    self.kill(f"has linod {self._version[0]}, which speaks another protocol")
            case "loading":
                self._plugin = message["plugin"]
                self._tail.clear()
            case "plugin":
                self._plugin = ""
            case "loaded":
                self._loaded = True
        if self._loaded:
            self._forget_deadline()
            if self._ping is None:
                self._ping_later()
        else:
            self._expect(self._settings.load_timeout, self._hung)
        if message["type"] != "pong":
            self._listener.host_said(message)

    def _ping_later(self) -> None:
        self._ping = self._loop.call_later(self._settings.silence_timeout / 3, self._ask)

    def _ask(self) -> None:
        """Ask for a sign of life; any message is one. An open question is not asked again."""
        if self._deadline is None:
            self._expect(self._settings.silence_timeout, self._silent)
            self.send({"type": "ping"})
        self._ping_later()

    def _expect(self, seconds: float, otherwise: Callable[[], None]) -> None:
        self._forget_deadline()
        self._deadline = self._loop.call_later(seconds, otherwise)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _silent(self) -> None:
        self._lose(f"did not answer for {self._settings.silence_timeout:g} seconds")

    def _hung(self) -> None:
        """Loading takes too long: have the host print its stack, which names the line, and kill it."""
        self._cause = f"had to be killed after {self._settings.load_timeout:g} seconds"
        if self._version is not None:
            self._process.send_signal(signal.SIGUSR2)
            self._expect(LAST_WORDS, self._kill)
        else:
            self._kill()

    def _dying(self) -> None:
        """Its socket is at its end: so is the host, or something closed the descriptor."""
        self._loop.remove_reader(self._process.packets.fileno())
        self._expect(DYING, lambda: self._lose("closed its socket"))

    def _lose(self, cause: str) -> None:
        """Make an end of a host that is of no use any more; `_exited` sees it."""
        self._cause = self._cause or cause
        self._loop.remove_reader(self._process.packets.fileno())
        self._kill()

    def _kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)

    def kill(self, cause: str) -> None:
        """Kill the host. Its children die with it."""
        self._cause = self._cause or cause
        self._kill()

    def end(self) -> None:
        """Tell the host to kill its jobs and end; one that is importing does not listen, and has no jobs."""
        if self._ended:
            return
        if self._loaded:
            self._process.packets.end()
        else:
            self.kill("was stopped")

    def _printed(self) -> None:
        try:
            data = os.read(self._process.output, OUTPUT_BYTES)
        except BlockingIOError:
            return
        if not data:
            self._loop.remove_reader(self._process.output)
        self._say(self._lines.feed(data))

    def _say(self, lines: list[str]) -> None:
        for line in lines:
            self._tail.append(line)
            self._listener.host_printed(line)

    def _exited(self) -> None:
        """The process is gone: hear its last messages, then report."""
        for fd in (self._process.pidfd, self._process.output, self._process.packets.fileno()):
            self._loop.remove_reader(fd)
        self._loop.remove_writer(self._process.packets.fileno())
        self._hear_the_rest()
        self._ended = True
        for timer in (self._ping, self._deadline):
            if timer is not None:
                timer.cancel()
        reason = self._cause or _how(self._process.reap())
        self._process.close()
        self._listener.host_ended(End(reason, self._plugin, self._version, "\n".join(self._tail)))

    def _hear_the_rest(self) -> None:
        try:
            while (received := self._process.packets.receive()) is not None:
                self._heard(received[0])
        except (Gone, BadPacket):
            pass  # expected: that is the end
        for _ in range(64):  # the pipe holds 64 KiB; a process that outlives the host may go on writing
            try:
                data = os.read(self._process.output, OUTPUT_BYTES)
            except BlockingIOError:
                break
            if not data:
                break
            self._say(self._lines.feed(data))
        self._say(self._lines.end())


def _how(end: os.waitid_result | None) -> str:
    if end is None:
        return "ended"
    if end.si_code == os.CLD_EXITED:
        return f"ended with exit status {end.si_status}"
    return f"was killed by signal {signal_name(end.si_status)}"
