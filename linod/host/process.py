"""Starting the worker host. Imports neither asyncio nor subprocess (11 ms): the host is started first, then the daemon
imports the rest while the host imports the plugins."""

import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress

from linod.errors import ConfigurationError
from linod.host.packets import Gone, Packets
from linod.host.protocol import VERSION, Message
from linod.settings.model import HostSettings

MAIN = "from linod.host.main import main; main()"
"""Not `-m`, which costs 4 ms (runpy), and not a path: the site's interpreter has a linod of its own."""

NOT_FOR_THE_HOST = (
    *("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"),
    *("LISTEN_FDS", "LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDNAMES"),
)
"""A plugin's library that finds these would speak to systemd in the daemon's name."""


class HostProcess:
    """A host that was started: its pid, the daemon's end of its socket, the pipe with all that it prints.

    asked  it was told what to load.
    """

    def __init__(self, pid: int, packets: Packets, output: int, path: Sequence[str]) -> None:
        self.pid = pid
        self.pidfd = os.pidfd_open(pid)
        self.packets = packets
        self.output = output
        self.asked = False
        self._path = list(path)

    def load(self, plugins: Sequence[str], *, entry_points: bool, without: Sequence[str] = ()) -> None:
        """Tell it what to import: these plugins, those of the entry points too, none of `without`."""
        request: Message = {"type": "load", "version": VERSION, "path": self._path}
        request |= {"plugins": list(plugins), "entry_points": entry_points, "without": list(without)}
        self.asked = True
        self.packets.send(request)

    def send_signal(self, number: int) -> None:
        """Send a signal to the host, if it is there still."""
        try:
            os.kill(self.pid, number)  # ours until `reap`, so the pid cannot be another process yet
        except ProcessLookupError:
            return

    def reap(self, wait: bool = False) -> os.waitid_result | None:
        """How it ended; None while it runs (unless told to wait for its end), or when somebody else has reaped it."""
        try:
            return os.waitid(os.P_PIDFD, self.pidfd, os.WEXITED | (0 if wait else os.WNOHANG))
        except ChildProcessError:
            return None

    def close(self) -> None:
        """Close what the daemon holds of it. The host takes the end of its socket for the order to end."""
        self.packets.close()
        os.close(self.pidfd)
        os.close(self.output)


def spawn(
    host: HostSettings,
    *,
    keep_fds: Sequence[int],
    environ: Mapping[str, str],
    plugins: Sequence[str] | None = None,
    entry_points: bool = True,
) -> HostProcess:
    """Start the host: in a session of its own, its input empty, what it prints in a pipe.

    keep_fds  descriptors that the host inherits and its children do not: the database lock.
    plugins   told to it at once when given; else `HostClient` does.
    Raises    ConfigurationError when there is no such interpreter.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    output, printed = os.pipe()
    arguments = [host.python, "-P", "-c", MAIN, str(theirs.fileno()), str(os.getpid()), *map(str, keep_fds)]
    actions: list[tuple[object, ...]] = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
    actions += [(os.POSIX_SPAWN_DUP2, printed, fd) for fd in (1, 2)]
    # dup2 on itself: glibc clears close-on-exec then (2.29)
    actions += [(os.POSIX_SPAWN_DUP2, fd, fd) for fd in (theirs.fileno(), *keep_fds)]
    try:
        pid = os.posix_spawnp(
            host.python,
            arguments,
            {name: value for name, value in environ.items() if name not in NOT_FOR_THE_HOST},
            file_actions=actions,
            setsid=True,
            setsigmask=(),
            setsigdef=_TO_DEFAULT,
        )
    except OSError as error:
        ours.close()
        os.close(output)
        raise unusable(host.python, error) from error
    finally:
        theirs.close()
        os.close(printed)
    process = HostProcess(pid, Packets(ours), output, host.path)
    os.set_blocking(output, False)
    if plugins is not None:
        with suppress(Gone):  # it has ended already: who listens to it learns that, and why
            process.load(plugins, entry_points=entry_points)
    return process


_TO_DEFAULT = (1, 2, 3, 15)
"""SIGHUP, SIGINT, SIGQUIT, SIGTERM: whatever started the daemon may have had them ignored (nohup, a shell's `&`)."""


def unusable(python: str, error: OSError) -> ConfigurationError:
    """The error for an interpreter that could not be started."""
    return ConfigurationError(
        f"[host] python = {python!r}: {error.strerror}; give the path of a Python (3.11 or newer) that has the plugins"
    )


def unusable_host(python: str, version: tuple[str, int] | None, output: str) -> ConfigurationError | None:
    """The error for an interpreter that can never run a host; None when another try may work.

    version  what linod it said it has and which protocol that speaks, None when it said nothing.
    output   what it printed last.
    """
    cure = f"install it there: {python} -m pip install --upgrade linod"
    what = f"[host] python = {python!r}"
    if version is not None:
        number, protocol = version
        other = f"{what} has linod {number}, which speaks protocol {protocol} and not {VERSION}; {cure}"
        return ConfigurationError(other) if protocol != VERSION else None
    if "No module named 'linod" in output:
        return ConfigurationError(f"{what} has no linod of its own; {cure}")
    if "No module named 'peewee" in output or "No module named 'dateutil" in output:
        return ConfigurationError(f"{what} lacks what linod needs; {cure}")
    if "unknown option: -p" in output.lower() or "unknown option -p" in output.lower():
        return ConfigurationError(f"{what} is older than Python 3.11, which linod needs")
    return None
