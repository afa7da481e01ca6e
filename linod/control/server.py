"""The control socket's server: accepts, refuses politely, dispatches. See connection.py for the bytes.

Hand-written, because asyncvarlink is quadratic in the message and stops listening at one EMFILE (DESIGN "Control").
"""

import asyncio
import errno
import logging
import resource
import socket
from collections.abc import Callable, Mapping

from linod.control.address import BACKLOG
from linod.control.call import Call, Handler
from linod.control.connection import Connection
from linod.control.interface import (
    INTERFACE,
    METHODS,
    SERVICE,
    InvalidParameter,
    Refusal,
    checked,
    refusal,
    service_refusal,
)
from linod.control.messages import packed
from linod.control.peer import Peer, peer_of
from linod.errors import BadValue, DatabaseAway, LinodError

log = logging.getLogger("lino")

PAUSE = 0.5
"""Seconds for which nothing is accepted when the process has no free file descriptor: the loop would spin else."""

AT_ONCE = 32
"""Connections accepted in one turn of the loop."""

_NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Server:
    """Answers on one listening socket.

    methods   name without interface -> handler.
    allowed   whether a peer may operate; asked once a connection. Everybody may ask what the service is.
    version   of linod, for GetInfo.
    limit     connections at once; never more than half of the process's file descriptors.
    log_each  whether each action is logged when it ends; asked once an action.
    """

    def __init__(
        self,
        methods: Mapping[str, Handler],
        allowed: Callable[[Peer], bool],
        version: str,
        limit: int = 1000,
        log_each: Callable[[], bool] = bool,
    ) -> None:
        self._methods = methods
        self._allowed = allowed
        self._version = version
        self._log_each = log_each
        self._limit = max(8, min(limit, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2))
        self._connections: set[Connection] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._socket: socket.socket | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._forgotten = asyncio.Event()

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._connections)

    @property
    def pausing(self) -> bool:
        """Whether nothing is accepted for want of file descriptors."""
        return self._pause is not None

    def serve(self, sock: socket.socket) -> None:
        """Answer on `sock` from now on: a bound Unix socket, listening already or not. It becomes the server's."""
        if not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            sock.listen(BACKLOG)
        sock.setblocking(False)
        self._socket = sock
        self._resume()

    async def close(self, patience: float = 1.0, why: Refusal | None = None) -> None:
        """Listen no more; calls that wait are told that linod stops, changes being made are finished.

        patience  seconds for callers to read what they were sent.
        why       what to say instead, to callers that have not asked yet as well: linod cannot serve the site.
        """
        if self._socket is not None:
            self._pause_accepting(None)
            self._socket.close()
            self._socket = None
        if self._opening:
            await asyncio.wait(self._opening)
        for connection in self._connections:
            connection.stop(why)
        try:
            async with asyncio.timeout(patience):
                while self._connections:
                    self._forgotten.clear()
                    await self._forgotten.wait()
        except TimeoutError:
            for connection in self._connections:
                connection.abort()

    def forget(self, connection: Connection) -> None:
        """The connection is closed: there is room again."""
        self._connections.discard(connection)
        self._forgotten.set()
        if self._pause is not None:
            self._resume()

    # accepting

    def _resume(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        if self._socket is not None:
            asyncio.get_running_loop().add_reader(self._socket.fileno(), self._accept)

    def _pause_accepting(self, seconds: float | None) -> None:
        loop = asyncio.get_running_loop()
        if self._pause is not None:
            self._pause.cancel()
        assert self._socket is not None
        loop.remove_reader(self._socket.fileno())
        self._pause = None if seconds is None else loop.call_later(seconds, self._resume)

    def _accept(self) -> None:
        assert self._socket is not None
        for _ in range(AT_ONCE):
            try:
                sock, _ = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _NO_ROOM:
                    raise
                log.warning("The control socket pauses: %s", error.strerror)
                self._pause_accepting(PAUSE)
                return
            sock.setblocking(False)
            if len(self._connections) >= self._limit:
                refuse(sock, refusal("TooManyConnections", f"linod has {self._limit} callers already; try again"))
                continue
            try:
                peer = peer_of(sock)
                connection = Connection(self, peer, self._allowed(peer))
            except OSError as error:  # it went away meanwhile
                log.debug("A caller of the control socket was lost: %s", error)
                sock.close()
                continue
            self._connections.add(connection)
            opening = asyncio.get_running_loop().create_task(self._open(sock, connection))
            self._opening.add(opening)
            opening.add_done_callback(self._opening.discard)

    async def _open(self, sock: socket.socket, connection: Connection) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: connection, sock)
        except OSError as error:
            log.debug("A caller of the control socket was lost: %s", error)
            sock.close()
            self.forget(connection)

    # dispatching

    async def answer(self, call: Call, allowed: bool) -> Mapping[str, object]:
        """The last reply to a call; an error reply when there is one."""
        if self._log_each():
            from linod.control.actions import is_action, logged

            if is_action(call):
                return await logged(call, self._answer(call, allowed))
        return await self._answer(call, allowed)

    async def _answer(self, call: Call, allowed: bool) -> Mapping[str, object]:
        try:
            return {"parameters": await self._dispatch(call, allowed)}
        except InvalidParameter as error:
            refused = service_refusal("InvalidParameter", parameter=str(error))
        except Refusal as error:
            refused = error
        except BadValue as error:
            refused = refusal("BadValue", str(error), column=getattr(error, "column", ""))
        except DatabaseAway as error:
            refused = refusal("DatabaseAway", str(error))
        except LinodError as error:
            refused = refusal("Failed", str(error))
        except Exception:
            log.exception("%s, asked for by %s, met an error of linod itself", call.message.method, call.peer.name)
            refused = refusal("Failed", "an error of linod itself; its log has the traceback")
        return {"error": refused.name, "parameters": refused.parameters}

    async def _dispatch(self, call: Call, allowed: bool) -> Mapping[str, object]:
        interface, _, name = call.message.method.rpartition(".")
        if interface == SERVICE:
            return self._service(name, call)
        if interface != INTERFACE:
            raise service_refusal("InterfaceNotFound", interface=interface)
        method = METHODS.get(name)
        if method is None:
            raise service_refusal("MethodNotFound", method=call.message.method)
        if not allowed:
            raise service_refusal("PermissionDenied")
        handler = self._methods.get(name)
        if handler is None:
            raise service_refusal("MethodNotImplemented", method=call.message.method)
        return await handler(call, **checked(method, call.message.parameters))

    def _service(self, name: str, call: Call) -> Mapping[str, object]:
        if name == "GetInfo":
            return {
                "vendor": "linod",
                "product": "linod",
                "version": self._version,
                "url": "",
                "interfaces": [SERVICE, INTERFACE],
            }
        if name == "GetInterfaceDescription":
            return {"description": _description(call.message.parameters.get("interface"))}
        raise service_refusal("MethodNotFound", method=call.message.method)


def _description(interface: object) -> str:
    from linod.control.description import SERVICE_TEXT, shipped

    if interface == INTERFACE:
        return shipped()
    if interface == SERVICE:
        return SERVICE_TEXT
    if isinstance(interface, str):
        raise service_refusal("InterfaceNotFound", interface=interface)
    raise InvalidParameter("interface")


def refuse(sock: socket.socket, why: Refusal) -> None:
    """Send an error to a caller before it has asked anything, and hang up. Never waits."""
    with sock:
        try:
            sock.send(packed({"error": why.name, "parameters": why.parameters}))
        except OSError:
            return  # it has gone, or its buffer is full: it will see the end of the connection


def refuse_waiting(sock: socket.socket, text: str) -> int:
    """Answer every connection that waits on a listening socket with a configuration error; returns how many.

    For a daemon that cannot start: on a socket of systemd, a connection left waiting starts it again at once, until
    both units fail. Blocking, but never waits.
    """
    sock.setblocking(False)
    for count in range(4096):
        try:
            connection, _ = sock.accept()
        except OSError:
            return count
        connection.setblocking(False)
        refuse(connection, refusal("Configuration", text))
    return 4096
