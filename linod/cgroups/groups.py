"""The place where groups are made: the control group that systemd has delegated to the unit, prepared by the daemon.

The kernel gives controllers only to groups below one in which no process lives itself: so the daemon and its host move
into a group of their own, beside those of the jobs.
"""

import errno
import os
import threading
from collections.abc import Iterable

from linod.cgroups.group import FILES, Group, read, write

MOUNTS = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
"""Where the unified hierarchy is: alone, or beside the old ones."""

DAEMON, CHILD = "daemon", "child-"

WANTED = ("cpu", "io", "memory", "pids")
"""Controllers."""

NEEDED = {"memory": "memory_max", "cpu": "cpu_weight", "pids": "pids_max"}
"""Controllers, and the policies of a task that are nothing without."""


ROUNDS = 5
"""Looks at the unit's group for processes that were forked while their parents were moved."""

BY_PARENTS = "and what a job leaves behind is found by its parents only"

LAST_MOMENTS = 2.0
"""Seconds that what a dead daemon left has to die."""


class Unusable(Exception):
    """Why there can be no groups; a clause for people."""


class Groups:
    """Where the jobs of a daemon have their groups, if they can have any.

    path         the unit's group; "" when jobs get none.
    controllers  what limits and counts them.
    problem      a sentence that says what does not work, and why; "" when all does.
    missing      the same in two or three words.
    """

    def __init__(self) -> None:
        self.path = ""
        self.controllers: tuple[str, ...] = ()
        self.problem = ""
        self.missing = ""
        self._last = 0
        self._given_up: list[Group] = []
        self._refused = ""
        self._opening: threading.Thread | None = None

    def begin(self) -> None:
        """Begin to prepare the place, in a thread: the kernel may take 15 ms for it, which the start does not have."""
        self._opening = threading.Thread(target=self.open, name="cgroups", daemon=True)
        self._opening.start()

    def wait(self) -> None:
        """Return when the place is prepared."""
        if self._opening is not None:
            self._opening.join()
            self._opening = None

    def open(self) -> None:
        """Prepare the place, and end what a daemon that died has left there."""
        try:
            place = delegated()
            self._settle_in(place)
            self.controllers, self._refused = _enable(place)
            self._last = max(map(_number, _left(place)), default=0)
            self.path = place
        except Unusable as error:
            self._do_without(str(error))
        except OSError as error:
            cure = "; ProtectControlGroups= of its unit must be no" if error.errno == errno.EROFS else ""
            self._do_without(f"of {error.filename or 'a control group'}: {error.strerror}{cure}")
        else:
            self._tell_missing()

    def _do_without(self, cause: str) -> None:
        self.missing = "no control groups"
        self.problem = f"Jobs have no control groups, because {cause}: {_effect(NEEDED)}, {BY_PARENTS}"

    def _tell_missing(self) -> None:
        missing = [name for name in NEEDED if name not in self.controllers]
        if missing:
            self.missing = f"no controller {', '.join(missing)}"
            refused = f" ({self._refused})" if self._refused else ""
            cause = f"the control group {self.path} has {self.missing}{refused}"
            self.problem = f"Not all limits of jobs work, because {cause}: {_effect(missing)}"

    def _settle_in(self, place: str) -> None:
        """Move the daemon, its host, and whatever else lives in the unit's group into one below it."""
        leaf = f"{place}/{DAEMON}"
        if not os.path.exists(leaf):  # noqa: PTH110 - strings throughout
            os.mkdir(leaf)  # noqa: PTH102
        if not os.path.exists(f"{leaf}/cgroup.kill"):  # noqa: PTH110
            raise Unusable("the kernel is older than 5.14")
        others = set(_pids(leaf)) - _family()
        if others:
            raise Unusable(f"process {min(others)} is in {leaf}, which is another linod's")
        _end(Group(path) for path in _left(place))
        for _ in range(ROUNDS):
            for pid in _pids(place):
                _move(pid, leaf)

    def new(self) -> Group | None:
        """A group for a child, which is to make it; None when children get none."""
        if self._given_up:
            self._remove()
        if not self.path:
            return None
        self._last += 1
        return Group(f"{self.path}/{CHILD}{self._last}")

    def give_up(self, group: Group | None) -> None:
        """Kill what lives in a group that no host cares for any more, and remove it when that is dead: what cannot be
        removed now is tried again with the next child."""
        if group is not None:
            group.kill()
            self._given_up.append(group)
            self._remove()

    def _remove(self) -> None:
        self._given_up = [one for one in self._given_up if not one.remove()]


def _effect(missing: Iterable[str]) -> str:
    """What does not work without these controllers."""
    nothing = [NEEDED[name] for name in missing if name != "memory"]
    effects = ["memory_max limits each process of a job by itself"] if "memory" in missing else []
    if nothing:
        effects.append(f"{' and '.join(nothing)} {'limits' if len(nothing) == 1 else 'limit'} nothing")
    return ", ".join(effects)


def delegated() -> str:
    """The control group that is this process's unit's, to do with as it likes. Raises Unusable."""
    own = next((line[3:] for line in read("/proc/self/cgroup").splitlines() if line.startswith("0::")), "")
    mount = next((mount for mount in MOUNTS if os.path.exists(f"{mount}/cgroup.procs")), "")  # noqa: PTH110
    if not own or not mount:
        raise Unusable("this machine has no unified hierarchy of control groups (cgroup2)")
    path = (mount + own).rstrip("/")
    # Whoever has moved it there already (DelegateSubgroup= of systemd), or another linod that has started this one.
    above, _, name = path.rpartition("/")
    for place in [above, path] if name == DAEMON else [path]:
        if _is_delegated(place):
            return place
    raise Unusable(f"the control group {own} is not given to linod: its unit needs Delegate=yes")


def _is_delegated(path: str) -> bool:
    """systemd says so in an extended attribute, since 251; whoever else delegates a group can do the same."""
    try:
        return os.getxattr(path, "user.delegate") == b"1"
    except OSError:
        return False


def _enable(place: str) -> tuple[tuple[str, ...], str]:
    """Give the groups below the controllers that are wanted and there. Returns those that they got, and what the kernel
    said of the others."""
    there = read(f"{place}/cgroup.controllers").split()
    wanted = [name for name in WANTED if name in there]
    if not wanted:
        return (), ""
    try:
        _add(place, *wanted)
    except OSError:  # because of one of them
        return _enable_each(place, wanted)
    return tuple(wanted), ""


def _enable_each(place: str, wanted: Iterable[str]) -> tuple[tuple[str, ...], str]:
    enabled, refused = [], ""
    for name in wanted:
        try:
            _add(place, name)
        except OSError as error:
            refused = error.strerror or str(error)
        else:
            enabled.append(name)
    return tuple(enabled), refused


def _add(place: str, *controllers: str) -> None:
    write(f"{place}/cgroup.subtree_control", " ".join(f"+{name}" for name in controllers))


def _left(place: str) -> list[str]:
    """Groups of children."""
    return [f"{place}/{name}" for name in os.listdir(place) if name.startswith(CHILD)]  # noqa: PTH208


def _number(path: str) -> int:
    digits = path.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else 0


def _end(groups: Iterable[Group]) -> None:
    """Kill what lives in groups, and remove them when it is dead. What does not die keeps its group."""
    for group in groups:
        group.kill()
        group.wait_until_empty(LAST_MOMENTS)
        group.remove()


def _pids(path: str) -> list[int]:
    return [int(word) for word in read(f"{path}/cgroup.procs").split()]


def _family() -> set[int]:
    """This process and its children: a host is in the group already when a service manager has put linod there."""
    pid = os.getpid()
    try:
        children = read(f"/proc/{pid}/task/{pid}/children").split()
    except FileNotFoundError:  # a kernel without CONFIG_PROC_CHILDREN
        children = []
    return {pid, *map(int, children)}


def _move(pid: int, group: str) -> None:
    try:
        write(f"{group}/cgroup.procs", str(pid))
    except ProcessLookupError:  # it has ended meanwhile
        return


assert set(NEEDED.values()) == set(FILES)
