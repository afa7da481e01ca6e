"""Who is at the other end of the control socket, and whether they may operate the site."""

import os
import socket
import struct
from collections.abc import Callable
from functools import lru_cache

from linod.tuples import NamedTuple

SO_PEERGROUPS = 59
"""From <asm-generic/socket.h>; the socket module has no name for it. Since Linux 4.13."""

_CREDENTIALS = struct.Struct("iII")  # struct ucred of unix(7): pid, uid, gid


class Peer(NamedTuple):
    """The process that connected, as the kernel noted it then.

    groups  its supplementary groups.
    """

    pid: int
    uid: int
    gid: int
    groups: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The user's name, else "uid 1234". Looked up when asked for: a directory server may be slow."""
        return _user_name(self.uid)


def peer_of(sock: socket.socket) -> Peer:
    """Who connected, from SO_PEERCRED and SO_PEERGROUPS."""
    credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, gid = _CREDENTIALS.unpack(credentials)
    return Peer(pid, uid, gid, _groups(sock))


def _groups(sock: socket.socket) -> tuple[int, ...]:
    try:
        raw = sock.getsockopt(socket.SOL_SOCKET, SO_PEERGROUPS, 1024)
    except OSError:  # an old kernel, or a user of more than 256 groups (ERANGE): the primary group alone counts then
        return ()
    return struct.unpack(f"{len(raw) // 4}I", raw)


@lru_cache(maxsize=256)
def _user_name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def operators(group: str = "linod") -> Callable[[Peer], bool]:
    """The rule of DESIGN "Control": root, the daemon's own user, and the members of a group may operate.

    group  its name; looked up at each call, because an administrator may add it while linod runs.
    """
    own = os.geteuid()

    def may_operate(peer: Peer) -> bool:
        if peer.uid in (0, own):
            return True
        gid = _group_id(group)
        return gid is not None and (gid == peer.gid or gid in peer.groups)

    return may_operate


def _group_id(group: str) -> int | None:
    import grp

    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        return None
