"""Root becomes the owner of the site's state. Imported only when it does."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import linod
from linod.errors import ConfigurationError
from linod.settings import Owner, Settings
from linod.settings.sites import SYSTEM_RUNTIME

STATE_MODE, RUNTIME_MODE = 0o700, 0o755
"""As the units have them: what jobs logged is nobody else's business; linod-ctl has to reach the socket."""

OF_ROOT = ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "MAIL")


def become_owner(settings: Settings, *, make: bool) -> Settings:
    """Be `settings.owner` from now on, for good; first make for them what only root can.

    make     the directories that are missing; `linod check` makes none.
    Returns  the settings, with the environment that this user has.
    Raises   ConfigurationError when the site or linod itself is out of this user's reach.
    """
    owner = settings.owner
    if owner is None:
        return settings
    if make:
        _make(settings.state_dir, STATE_MODE, owner)
        _make(settings.database_file.parent, STATE_MODE, owner)
        _make(settings.runtime_dir, RUNTIME_MODE, owner)
        _give_runtime(settings.runtime_dir, owner)
    _drop(owner)
    os.chdir("/")  # root's own may be closed to them; units start there too
    environ = _environ(settings.environ, owner)
    for name in os.environ.keys() - environ.keys():
        del os.environ[name]
    os.environ.update(environ)
    _check_reach(settings, owner)
    return settings._replace(environ=environ)


def _make(directory: Path, mode: int, owner: Owner) -> None:
    """Make a directory for the owner, with root's above it where they are missing.

    Only in a place of root's: elsewhere somebody could put a link in its place before it is given away. What is
    missing in a place of the owner's is made later, by them.
    """
    missing = [path for path in (directory, *directory.parents) if not os.path.lexists(path)]
    if not missing or missing[-1].parent.stat().st_uid != 0:
        return
    for path in reversed(missing[1:]):
        path.mkdir(0o755)
    directory.mkdir(mode)
    os.chown(directory, owner.uid, owner.gid)


def _give_runtime(runtime: Path, owner: Owner) -> None:
    """Take over what a linod that stayed root, or systemd for the socket unit, has made of the runtime directory."""
    if not _is_roots(runtime):
        return
    if os.path.lexists(runtime / "pid"):
        os.chown(runtime / "pid", owner.uid, owner.gid, follow_symlinks=False)
    os.chown(runtime, owner.uid, owner.gid, follow_symlinks=False)


def _is_roots(runtime: Path) -> bool:
    """Whether it is a directory that root makes for a site, and gives away with the site's first start."""
    return SYSTEM_RUNTIME in runtime.parents and runtime.lstat().st_uid == 0


def _drop(owner: Owner) -> None:
    if owner.name.isdecimal():
        os.setgroups([])
    else:
        os.initgroups(owner.name, owner.gid)
    os.setresgid(owner.gid, owner.gid, owner.gid)
    os.setresuid(owner.uid, owner.uid, owner.uid)


def _environ(environ: Mapping[str, str], owner: Owner) -> dict[str, str]:
    kept = {name: value for name, value in environ.items() if name not in OF_ROOT and not name.startswith("SUDO_")}
    return {**kept, "HOME": owner.home, "USER": owner.name, "LOGNAME": owner.name}


def _check_reach(settings: Settings, owner: Owner) -> None:
    who = f"{owner.name}, who owns {settings.state_dir} and is therefore whom root becomes"
    for file in (sys.executable, os.__file__, linod.__file__):
        if not os.access(file, os.R_OK):
            raise ConfigurationError(
                f"{file}: linod's own program is out of reach of {who}; install it where every user can read it"
            )
    runtime = settings.runtime_dir
    if runtime.exists() and not _is_roots(runtime) and not os.access(runtime, os.W_OK | os.X_OK):
        raise ConfigurationError(f"{runtime}: cannot be written by {who}; `chown {owner.name} {runtime}` gives it away")
