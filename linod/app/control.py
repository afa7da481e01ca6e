"""The control socket of a daemon: inherited from systemd, or made here and removed at the end."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import linod
from linod.app.operations import DaemonOperations
from linod.control.address import listen
from linod.control.interface import refusal
from linod.control.peer import operators
from linod.control.server import Server
from linod.errors import ConfigurationError
from linod.notify import inherited_sockets

if TYPE_CHECKING:
    from linod.app.daemon import Daemon
    from linod.control.call import Handler

IDLE = 0.5
"""Seconds after READY at which the methods are imported, if nobody has called one before."""


class Methods(Mapping[str, "Handler"]):
    """The methods of the control socket. They are imported by the first call, because that takes 6 ms, and until READY
    each of them counts; `load` does it in a quiet moment."""

    def __init__(self, daemon: "Daemon") -> None:
        self._daemon = daemon
        self._made: Mapping[str, Handler] | None = None

    @property
    def _all(self) -> "Mapping[str, Handler]":
        if self._made is None:
            from linod.control.methods import handlers

            self._made = handlers(DaemonOperations(self._daemon))
        return self._made

    def load(self) -> None:
        """Import them."""
        len(self._all)

    def __getitem__(self, name: str) -> "Handler":
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


@asynccontextmanager
async def serve_control(daemon: "Daemon") -> AsyncIterator[None]:
    """Answer linod-ctl while the context lasts; when a configuration error ends it, that is the last answer."""
    settings = daemon.settings
    inherited = inherited_sockets(settings.environ)
    sockets = inherited or [listen(settings.control_socket)]
    methods = Methods(daemon)
    daemon.on_ready.append(lambda: asyncio.get_running_loop().call_later(IDLE, methods.load))

    def log_each() -> bool:
        return daemon.settings.log_each_action_request  # which a reload may change

    servers = [Server(methods, operators(), linod.__version__, log_each=log_each) for _ in sockets]
    why = None
    try:
        for server, sock in zip(servers, sockets, strict=True):
            await server.serve(sock)
        yield
    except ConfigurationError as error:
        why = refusal("Configuration", str(error))
        raise
    finally:
        for server in servers:
            await server.close(why=why)
        if not inherited:  # a socket of systemd is systemd's
            settings.control_socket.unlink(missing_ok=True)
