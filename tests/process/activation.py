"""A daemon started as systemd does it for a socket unit: the listening socket is descriptor 3, and somebody waits."""

import contextlib
import socket
import subprocess
from collections.abc import Iterator

from linod.control.address import listen
from linod.control.client import CallFailed, Client
from tests.process.site import DEADLINE, Site

AS_SYSTEMD = 'exec 3<&"$0" && export LISTEN_PID=$$ LISTEN_FDS=1 && exec "$@"'
"""LISTEN_PID is the pid of the shell, which becomes linod."""


class Activated:
    """The socket of a site, held by the test as systemd holds it."""

    def __init__(self, site: Site) -> None:
        self.site = site
        site.run.mkdir(parents=True, exist_ok=True)
        self.socket = listen(site.run / "control")
        self.path = site.run / "control"

    def wait(self, *, asks: bool = True) -> Client:
        """A caller who has connected, and asked for the status, before there is a daemon."""
        client = Client(self.path)
        if asks:
            client._send("GetStatus", {}, more=False)
        return client

    def start(self, **environ: str) -> None:
        """Start the daemon on the socket."""
        fd = self.socket.fileno()
        with self.site.stderr.open("ab") as stderr:
            self.site.process = subprocess.Popen(
                ["bash", "-c", AS_SYSTEMD, str(fd), *self.site.command()],
                env=self.site.environment(**environ),
                pass_fds=[fd],
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
            )

    def nobody_waits(self) -> bool:
        """Whether systemd, which polls the socket, would leave the service as it is."""
        self.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            self.socket.accept()
            return False
        return True


@contextlib.contextmanager
def activated(site: Site) -> Iterator[Activated]:
    made = Activated(site)
    try:
        yield made
    finally:
        made.socket.close()


def refused(client: Client) -> CallFailed:
    """The error that a waiting caller is answered with."""
    client._socket.settimeout(DEADLINE)
    with client, contextlib.suppress(socket.timeout):
        try:
            client._reply()
        except CallFailed as error:
            return error
    raise AssertionError("the caller was not refused")
