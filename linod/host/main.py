"""The worker host: imports the site's plugins once, then forks one child per job. Runs in the site's interpreter.

Single-threaded, no asyncio, no signal handler that does anything but end it: one epoll of the daemon's socket and a
pidfd per child. When the daemon's end of the socket closes, whatever the reason, it kills its jobs, reaps them, and
only then ends: the database lock, whose descriptor it inherited, is free when no job of its runs any more.

    python -P -c "from linod.host.main import main; main()" SOCKET PARENT [LOCK...]
"""

import atexit
import contextlib
import faulthandler
import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Sequence
from importlib.util import find_spec

import linod
from linod.host.kernel import die_with_parent, name_process, outlive_parent, resident_kib
from linod.host.nursery import Nursery
from linod.host.packets import BadPacket, Gone, Packets
from linod.host.protocol import VERSION, Message


def main() -> None:
    """The process: load, serve, end. Does not return."""
    number, parent, *kept = map(int, sys.argv[1:])
    _close_others([number, *kept])
    gc.disable()  # while loading: nothing of it is garbage
    faulthandler.enable()  # a plugin that crashes the interpreter leaves its Python stack in the daemon's log
    faulthandler.register(signal.SIGUSR2, chain=False)  # and one that hangs: the daemon sends this before it kills
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    name_process("linod-host")
    die_with_parent(parent)  # a plugin whose import hangs would not see that the daemon is gone
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    packets = Packets(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, number))
    host = Host(packets, kept)
    with contextlib.suppress(Gone, BadPacket):
        host.load()
        outlive_parent()
        signal.signal(signal.SIGTERM, _end)
        host.serve()
    host.end()
    atexit._run_exitfuncs()
    os._exit(0)


def _close_others(ours: Sequence[int]) -> None:
    """Close what the daemon had inherited from whoever started it (a shell, a service manager); posix_spawn passes
    it on."""
    first = 3
    for fd in sorted(ours):
        os.closerange(first, fd)
        first = fd + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))


def _need_what_children_need() -> None:
    """Fail now, and not after the daemon was told that jobs can run."""
    for name in ("peewee", "dateutil"):
        if find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


class _Told(Gone):
    """SIGTERM: somebody wants this host to end."""


def _end(number: int, frame: object) -> None:
    raise _Told


class Host:
    """What the daemon asks, done.

    kept  inherited descriptors that no child may hold.
    """

    def __init__(self, packets: Packets, kept: Sequence[int]) -> None:
        self._packets = packets
        self._epoll = select.epoll()
        self._nursery = Nursery(self._epoll, [packets.fileno(), self._epoll.fileno(), *kept])
        self._events = 0

    def load(self) -> None:
        """Wait for the order to load, import the plugins, report. Raises Gone."""
        self._say({"type": "hello", "version": VERSION, "linod": linod.__version__, "python": sys.version.split()[0]})
        request = self._wait()
        if request["type"] != "load" or request["version"] != VERSION:
            raise Gone  # another protocol; the daemon has read our hello and says so
        from linod.host.plugins import load_all

        load_all(
            request["plugins"],
            request["path"],
            entry_points=request["entry_points"],
            without=request["without"],
            send=self._say,
        )
        _need_what_children_need()
        self._say({"type": "loaded", "warnings": self._nursery.warnings()})
        self._settle()
        self._say({"type": "settled", "size_kib": resident_kib()})

    def _settle(self) -> None:
        """Make this process ready to be forked: what no child changes is never copied.

        After `loaded`, because children need Peewee: its import, 50 ms, is off the daemon's way to READY then. A job
        that is claimed meanwhile waits for its process.
        """
        faulthandler.unregister(signal.SIGUSR2)
        signal.signal(
            signal.SIGCHLD, signal.SIG_DFL
        )  # a plugin that ignores it would have the kernel reap our children
        self._nursery.prepare()
        gc.freeze()  # without a collection before it: 5 ms on the way to READY, for a few kilobytes
        gc.enable()

    def serve(self) -> None:
        """Until the daemon's end is closed: fork children, tell how they ended. Raises Gone."""
        self._epoll.register(self._packets.fileno(), select.EPOLLIN)
        while True:
            self._watch_for_space()
            for fd, _ in self._epoll.poll(self._nursery.patience()):
                if fd == self._packets.fileno():
                    self._packets.flush()
                    self._read()
                elif (message := self._nursery.happened(fd)) is not None:
                    self._say(message)
            for message in self._nursery.overdue():
                self._say(message)

    def _read(self) -> None:
        while (received := self._packets.receive()) is not None:
            message, fds = received
            self._do(message, fds)

    def _do(self, message: Message, fds: list[int]) -> None:
        match message["type"]:
            case "fork":
                child, group = message["child"], message.get("group")  # of which an older daemon does not know
                self._say(self._nursery.fork(child, fds, full=message["full"], group=group))
            case "signal":
                self._nursery.signal(message["child"], message["signal"], whole_group=message["group"])
            case "ping":
                self._say({"type": "pong"})

    def _say(self, message: Message) -> None:
        self._packets.send(message)

    def _wait(self) -> Message:
        """The next message, however long it takes; before there is anything else to do."""
        while (received := self._packets.receive()) is None:
            select.select([self._packets], [], [])
        return received[0]

    def _watch_for_space(self) -> None:
        """Have epoll say when a full socket takes packets again."""
        events = select.EPOLLIN | (select.EPOLLOUT if self._packets.waiting else 0)
        if events != self._events:
            self._epoll.modify(self._packets.fileno(), events)
            self._events = events

    def end(self) -> None:
        """Kill and reap what runs."""
        self._nursery.kill_all()
