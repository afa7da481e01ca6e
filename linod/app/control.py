"""The control socket of a daemon: inherited from systemd, or made here and removed at the end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import linod
from linod.app.operations import DaemonOperations
from linod.control.address import listen
from linod.control.interface import refusal
from linod.control.methods import handlers
from linod.control.peer import operators
from linod.control.server import Server
from linod.errors import ConfigurationError
from linod.notify import inherited_sockets

if TYPE_CHECKING:
    from linod.app.daemon import Daemon


@asynccontextmanager
async def serve_control(daemon: "Daemon") -> AsyncIterator[None]:
    """Answer linod-ctl while the context lasts; when a configuration error ends it, that is the last answer."""
    settings = daemon.settings
    inherited = inherited_sockets(settings.environ)
    sockets = inherited or [listen(settings.control_socket)]
    methods = handlers(DaemonOperations(daemon), log_each=settings.log_each_action_request)
    servers = [Server(methods, operators(), linod.__version__) for _ in sockets]
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
