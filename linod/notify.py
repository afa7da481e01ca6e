"""What systemd is told (sd_notify(3)) and what it hands over: sockets, and the watchdog's interval.

Nothing here reads the environment of the process: it is given, and what children must not inherit of it is taken out.
"""

import contextlib
import os
import socket
from collections.abc import Iterator, Mapping

from sdnotify import SystemdNotifier

from linod.clock import Clock, SystemClock
from linod.errors import ConfigurationError

STATUS_BYTES = 2048
"""Longest status sent: systemd ignores a message of more than 4,096 bytes (NOTIFY_BUFFER_MAX), a READY=1 too."""

SEND_TIMEOUT = 1.0
"""Seconds a message may wait for a service manager that does not read. The loop waits with it."""


class Notifier:
    """Tells systemd the state of the daemon; does nothing where no NOTIFY_SOCKET is given.

    environ  the environment that systemd gave.
    clock    for RELOADING=1, which carries its moment.

    watchdog_seconds  WatchdogSec= of the unit, None when it has none or means another process (sd_watchdog_enabled(3)).
    trouble           why the last message did not arrive; empty when it did. That is no reason for a daemon to end.
    """

    def __init__(self, environ: Mapping[str, str], clock: Clock | None = None) -> None:
        self.watchdog_seconds = _watchdog_seconds(environ)
        self.trouble = ""
        self._address = environ.get("NOTIFY_SOCKET", "")
        self._clock = clock or SystemClock()
        self._notifier: SystemdNotifier | None = None

    def ready(self, status: str) -> None:
        """The daemon is ready, and what it does. In one message, so that nobody sees it ready with an old status."""
        self._send(f"READY=1\n{_status(status)}")

    def status(self, text: str) -> None:
        """The line that `systemctl status` shows."""
        self._send(_status(text))

    def watchdog(self) -> None:
        """The daemon lives."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def extend_timeout(self, seconds: float) -> None:
        """Give the start, or the stop, that is under way this many seconds from now on."""
        self._send(f"EXTEND_TIMEOUT_USEC={round(seconds * 1_000_000)}")

    def reloading(self) -> None:
        """The daemon reads its configuration anew; `ready` ends it. The moment is what Type=notify-reload asks for."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={int(self._clock.monotonic() * 1_000_000)}")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        # sdnotify encodes as latin-1, and loses a message with a letter that has no place there; systemd reads UTF-8.
        message = message.encode(errors="backslashreplace").decode("latin-1")
        error = self._try(message)
        if error is not None and not isinstance(error, TimeoutError):
            error = self._try(message)  # the socket may have been bound anew since we connected to it
        self.trouble = f"NOTIFY_SOCKET={self._address}: {error}" if error else ""

    def _try(self, message: str) -> OSError | None:
        try:
            self._connected().notify(message)
        except OSError as error:
            self._disconnect()
            return error
        return None

    def _connected(self) -> SystemdNotifier:
        if self._notifier is None:
            with _variable("NOTIFY_SOCKET", self._address):
                self._notifier = SystemdNotifier(debug=True)  # debug: it raises what went wrong
            self._notifier.socket.settimeout(SEND_TIMEOUT)
        return self._notifier

    def _disconnect(self) -> None:
        if self._notifier is not None:
            self._notifier.socket.close()
            self._notifier = None


def inherited_sockets(environ: Mapping[str, str]) -> list[socket.socket]:
    """The listening sockets that systemd passed to this process (sd_listen_fds(3)), closed when it executes another.

    Returns  duplicates, so that the passed ones stay open: those who come after the server was closed are told why.
             None when the variables are missing or mean another process.
    Raises   ConfigurationError when one is not a listening AF_UNIX stream socket, because nothing else can serve
             linod-ctl; and when python-systemd is missing, without which linod does not run under systemd.
    """
    if environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    try:
        from systemd.daemon import listen_fds
    except ImportError as error:
        raise ConfigurationError(
            "linod got sockets from systemd, and python-systemd, which takes them, is not installed: "
            "apt install python3-systemd, or in a virtualenv: pip install 'linod[systemd]'"
        ) from error
    with _variable("LISTEN_PID", environ["LISTEN_PID"]), _variable("LISTEN_FDS", environ.get("LISTEN_FDS", "")):
        try:
            found = listen_fds(unset_environment=False)
        except OSError as error:
            raise ConfigurationError(f"LISTEN_FDS={environ.get('LISTEN_FDS', '')!r}: {error.strerror}") from error
    return [_listening(fd) for fd in found]


def _listening(fd: int) -> socket.socket:
    from systemd.daemon import is_socket_unix

    try:
        fits = is_socket_unix(fd, socket.SOCK_STREAM, 1)
    except OSError as error:
        raise _unfit(fd, str(error)) from error
    if not fits:
        raise _unfit(fd, "it is no AF_UNIX stream socket that listens")
    return socket.socket(fileno=os.dup(fd))


def _unfit(fd: int, reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"inherited file descriptor {fd}: {reason}; linod takes sockets of ListenStream= with a path, and Accept=no"
    )


def _watchdog_seconds(environ: Mapping[str, str]) -> float | None:
    microseconds = environ.get("WATCHDOG_USEC", "")
    if not microseconds.isdecimal() or environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(microseconds) / 1_000_000 or None


def _status(text: str) -> str:
    """One line, because a newline begins the next variable, and not too long."""
    line = " ".join(text.split())
    return "STATUS=" + line.encode(errors="backslashreplace")[:STATUS_BYTES].decode(errors="ignore")


@contextlib.contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    """The process environment with one variable as given, because sdnotify reads nothing else."""
    before = os.environ.get(name)
    if before == value:
        yield
        return
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
