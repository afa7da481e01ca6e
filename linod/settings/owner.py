"""Whom root becomes before it touches a site's state, and why nothing there ever belongs to root by accident."""

from pathlib import Path

from linod.settings.sites import SYSTEM_STATE
from linod.tuples import NamedTuple

SYSTEM_USER = "linod"
"""The user that the package makes, and that its units run as."""


class Owner(NamedTuple):
    """The user that root becomes, as passwd(5) has them."""

    name: str  # the number when it has none
    uid: int
    gid: int
    home: str


def owner_for_root(state_dir: Path) -> Owner | None:
    """The owner of the state directory; before there is one, the package's user where it belongs to the system.

    state_dir  of the site.
    Returns    None when root stays root: the directory is root's, or nothing says whose it is going to be.
    """
    import pwd

    try:
        found = state_dir.stat()
    except OSError:
        if SYSTEM_STATE not in state_dir.parents:
            return None
        try:
            entry = pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            return None
        return Owner(entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir)
    if found.st_uid == 0:
        return None
    try:
        entry = pwd.getpwuid(found.st_uid)
    except KeyError:  # a user that has been removed, or one of a container
        return Owner(str(found.st_uid), found.st_uid, found.st_gid, str(state_dir))
    return Owner(entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir)
