"""The control socket of a daemon: inherited from systemd, or made here and removed at the end."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from linod.control.address import listen
from linod.errors import ConfigurationError
from linod.notify import inherited_sockets

if TYPE_CHECKING:
    from linod.app.daemon import Daemon
    from linod.control.server import Server

IDLE = 0.5
"""Seconds after READY at which the server is imported, if nobody has called before."""


class Door:
    """The sockets on which callers come, and the servers that answer there.

    The servers are made for the first caller: what they import takes 10 ms, and until READY each of them counts.
    """

    def __init__(self, daemon: "Daemon", sockets: Sequence[socket.socket]) -> None:
        self._daemon = daemon
        self._sockets = sockets
        self._servers: list[Server] = []

    def wait(self) -> None:
        """Open for the first caller."""
        loop = asyncio.get_running_loop()
        for sock in self._sockets:
            loop.add_reader(sock, self.open)

    def open(self) -> None:
        """Let callers in, from now on."""
        if self._servers:
            return
        import linod
        from linod.app.operations import DaemonOperations
        from linod.control.methods import handlers
        from linod.control.peer import operators
        from linod.control.server import Server

        daemon, methods = self._daemon, handlers(DaemonOperations(self._daemon))

        def log_each() -> bool:
            return daemon.settings.log_each_action_request  # which a reload may change

        self._leave()
        for sock in self._sockets:
            server = Server(methods, operators(), linod.__version__, log_each=log_each)
            server.serve(sock)
            self._servers.append(server)

    def _leave(self) -> None:
        for sock in self._sockets:
            asyncio.get_running_loop().remove_reader(sock)

    async def close(self, error: ConfigurationError | None) -> None:
        """Let nobody in any more; those who are inside hear that linod stops, or why it cannot go on."""
        if not self._servers:
            self._leave()
            for sock in self._sockets:
                sock.close()
            return
        from linod.control.interface import refusal

        for server in self._servers:
            await server.close(why=None if error is None else refusal("Configuration", str(error)))


@asynccontextmanager
async def serve_control(daemon: "Daemon") -> AsyncIterator[None]:
    """Answer linod-ctl while the context lasts; when a configuration error ends it, that is the last answer."""
    settings = daemon.settings
    inherited = inherited_sockets(settings.environ)
    door = Door(daemon, inherited or [listen(settings.control_socket)])
    daemon.on_ready.append(lambda: asyncio.get_running_loop().call_later(IDLE, door.open))
    fatal = None
    try:
        door.wait()
        yield
    except ConfigurationError as error:
        fatal = error
        raise
    finally:
        await door.close(fatal)
        if not inherited:  # a socket of systemd is systemd's
            settings.control_socket.unlink(missing_ok=True)
