"""The blocking client of the control socket. Standard library only, and cheap to import: it is most of `linod-ctl`."""

import errno
import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from linod.control.address import short
from linod.errors import LinodError, NotPermitted

INTERFACE = "org.linod.Control"
SERVICE = "org.varlink.service"
OTHER_VERSION = frozenset(
    f"{SERVICE}.{name}" for name in ("InterfaceNotFound", "MethodNotFound", "MethodNotImplemented", "InvalidParameter")
)

Reply = dict[str, Any]
"""The parameters of a reply, as the interface description says."""


class Stopped(LinodError):
    """No daemon serves the site."""

    exit_code = 3  # as `systemctl status` says of a unit that is not active


class ConnectionLost(LinodError):
    """The daemon ended the connection before it answered."""


class CallFailed(LinodError):
    """An error reply: `name` is the error without its interface, `parameters` as the interface description says."""

    def __init__(self, name: str, parameters: Mapping[str, Any]) -> None:
        self.interface, _, self.name = name.rpartition(".")
        self.full_name = name
        self.parameters = dict(parameters)
        super().__init__(str(self.parameters.get("text") or _text(name, self.parameters)))
        self.exit_code = _EXIT_CODES.get(self.name, 1)


_EXIT_CODES = {
    "NoSuchTask": 4,
    "AmbiguousTask": 2,
    "BadValue": 2,
    "PermissionDenied": 77,
    "Configuration": 78,
    "ReloadFailed": 78,
}


def is_alive(control: Path) -> bool | None:
    """Whether a daemon serves the socket at `control`: looks at the lock of the pid file beside it.

    Never connects, because a connection would start a stopped daemon. None when the file may not be read.
    """
    import fcntl
    import struct

    flock = struct.Struct("hhqqi4x")  # struct flock of fcntl(2) on 64 bits: type, whence, start, len, pid
    try:
        with control.with_name("pid").open("rb") as file:
            asked = flock.pack(fcntl.F_WRLCK, 0, 0, 0, 0)
            found = flock.unpack(fcntl.fcntl(file, fcntl.F_OFD_GETLK, asked))
    except PermissionError:
        return None
    except OSError:
        return False
    return bool(found[0] != fcntl.F_UNLCK)


def connect(paths: Sequence[Path], *, wake: bool = True) -> "Client":
    """A connection to the first daemon that lives, in the order of `paths`.

    wake    a stopped daemon may be started by the connection (socket activation); else Stopped is raised.
    Raises  Stopped, NotPermitted.
    """
    alive = [path for path in paths if is_alive(path) is not False]
    denied: Path | None = None
    for path in [*alive, *paths] if wake else alive:
        try:
            return Client(path)
        except PermissionError:
            denied = path
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ECONNREFUSED, errno.ENOTDIR, errno.ENXIO):
                raise ConnectionLost(f"{path}: {error.strerror}") from error
    if denied is not None:
        raise NotPermitted(f"{denied}: permission denied")
    raise Stopped(" and ".join(map(str, paths)))


class Client:
    """One connection."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._buffer = bytearray()
        try:
            with short(path) as name:
                self._socket.connect(name)
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *ended: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def call(self, method: str, /, **parameters: Any) -> Reply:
        """Call a method of the control interface, and wait for its reply; those that are None are left out."""
        self._send(method, parameters, more=False)
        reply, _ = self._reply()
        return reply

    def call_once(self, method: str, /, **parameters: Any) -> Iterator[Reply]:
        """The one reply of `call`, given as `call_more` gives several."""
        yield self.call(method, **parameters)

    def call_more(self, method: str, /, **parameters: Any) -> Iterator[Reply]:
        """The same for a method that gives several replies."""
        self._send(method, parameters, more=True)
        continues = True
        while continues:
            reply, continues = self._reply()
            yield reply

    def _send(self, method: str, parameters: Mapping[str, Any], *, more: bool) -> None:
        given = {name: value for name, value in parameters.items() if value is not None}
        message: dict[str, Any] = {"method": method if "." in method else f"{INTERFACE}.{method}", "parameters": given}
        if more:
            message["more"] = True
        try:
            self._socket.sendall(json.dumps(message).encode() + b"\0", socket.MSG_NOSIGNAL)
        except (BrokenPipeError, ConnectionResetError):
            return  # it hung up on us, and before that it may have said why: that is read next

    def _reply(self) -> tuple[Reply, bool]:
        found = json.loads(self._message())
        if "error" in found:
            raise CallFailed(found["error"], found.get("parameters") or {})
        return found.get("parameters") or {}, bool(found.get("continues"))

    def _message(self) -> bytes:
        searched = 0
        while (end := self._buffer.find(0, searched)) < 0:
            searched = len(self._buffer)
            try:
                data = self._socket.recv(1 << 16)
            except ConnectionResetError:
                data = b""
            if not data:
                raise ConnectionLost("linod ended the connection before it answered; its log may say why")
            self._buffer += data
        message = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return message


def other_version(client: Client, own: str) -> str | None:
    """Which versions meet, for a person whose daemon did not know what was asked; None when they are equal."""
    try:
        info = client.call(f"{SERVICE}.GetInfo")
    except LinodError:
        return f"what answers at {client.path} is no linod"
    if INTERFACE not in info.get("interfaces", ()):
        what = f"{info.get('product') or 'something'} {info.get('version', '')}".strip()
        return f"what answers at {client.path} is {what}, which has no interface {INTERFACE}"
    if info.get("version") == own:
        return None
    return f"linod {info.get('version')} answers at {client.path}, and this is linod-ctl {own}"


def _text(name: str, parameters: Mapping[str, Any]) -> str:
    if name == f"{SERVICE}.PermissionDenied":
        return "permission denied"
    told = ", ".join(f"{key} {value!r}" for key, value in parameters.items())
    return f"{name}{': ' if told else ''}{told}"
