"""The lock beside the database: who serves this site, and how a newcomer takes over from a daemon that died."""

import json
import os
import select
import socket
from pathlib import Path

from linod.clock import Clock
from linod.errors import Busy, ConfigurationError
from linod.lock.files import HELD, TURN, LockFile
from linod.lock.processes import ProcessId, boot_id, end_tree, locking
from linod.tuples import NamedTuple

STEP = 0.02
"""Seconds between two tries while a lock is about to become free."""


class Holder(NamedTuple):
    """Who holds the lock, as it says inside the file. The host is another process; None until it was started."""

    site: str
    pid: int
    pid_started: int
    boot_id: str
    host_name: str
    since: str  # RFC 3339, UTC
    host_pid: int | None = None
    host_started: int | None = None

    @property
    def daemon(self) -> ProcessId:
        return ProcessId(self.pid, self.pid_started, self.boot_id)

    @property
    def host(self) -> ProcessId | None:
        if self.host_pid is None or self.host_started is None:
            return None
        return ProcessId(self.host_pid, self.host_started, self.boot_id)

    def of_now(self) -> "Holder":
        """The same in this run of the machine. For a lock that is held: a run that has ended holds none.

        Its boot id may still be another than ours: systemd-nspawn mounts one of its own over the kernel's, and systemd
        252 gives a service with ProtectProc= a /proc without that.
        """
        return self._replace(boot_id=boot_id())

    @classmethod
    def parse(cls, text: str) -> "Holder | None":
        """The holder that a lock file tells of; None when it tells of none (yet)."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            return None


class DatabaseLock:
    """The lock that the daemon and its worker host hold, and the host's jobs do not.

    So it is free only when the daemon has ended, and its host has killed and reaped its jobs. The file stays: removing
    it while a host still holds it would let a second daemon lock a new one.

    database  the SQLite file; the lock is the file beside it.
    """

    def __init__(self, database: Path, site: str) -> None:
        self._file = LockFile(database.with_name(database.name + ".lock"))
        self._site = site
        self._holder: Holder | None = None

    @property
    def fd(self) -> int:
        """The descriptor to hand to the host.

        Raises  ValueError when the lock is not held.
        """
        return self._file.fd

    def look(self) -> Holder | None:
        """Who serves the site; None when nobody does. Takes nothing.

        A holder whose daemon is not alive is a host that is about to end.
        """
        if not self._file.locked():
            return None
        return Holder.parse(self._file.read()) or Holder(self._site, 0, 0, "", "", "")

    def take(self, clock: Clock) -> bool:
        """Take the lock if it is free; False when the host of a dead daemon has it still, for which `acquire` waits.

        Raises  Busy when another daemon lives, ConfigurationError when the file cannot be written.
        """
        self._open()
        try:
            taken = self._take_over(clock)
        except BaseException:
            self.release()
            raise
        if not taken:
            self.release()
        return taken

    def acquire(self, clock: Clock, wait: float = 2.0) -> None:
        """Take the lock.

        A dead daemon's host is given time to end its jobs; then it is ended, with all that it started.

        wait    seconds that it gets.
        Raises  Busy when another daemon lives, ConfigurationError when the file cannot be written.
        """
        deadline, ended = clock.monotonic() + wait, False
        self._open()
        try:
            while not self._take_over(clock):
                late = clock.monotonic() >= deadline
                if late and (ended or not self._end_host()):
                    raise Busy(self._stuck())
                if late:
                    deadline, ended = clock.monotonic() + wait, True
                self._pause()
        except BaseException:
            self.release()
            raise

    def name_host(self, pid: int) -> None:
        """Write down the host: it is what a newcomer would have to end."""
        host = ProcessId.of(pid)
        if self._holder is not None and host is not None:
            self._write(self._holder._replace(host_pid=host.pid, host_started=host.started))

    def release(self) -> None:
        """Give up the lock; a host that lives on keeps it. A second call does no harm."""
        self._file.close()
        self._holder = None

    def _open(self) -> None:
        try:
            self._file.open()
        except OSError as error:
            raise ConfigurationError(
                f"{self._file.path}: {error.strerror}; linod needs to write beside its database, which the setting "
                "`database` places"
            ) from error

    def _take_over(self, clock: Clock) -> bool:
        """Take the lock and write who holds it, unless somebody has it; Busy when that is a living daemon."""
        if not self._file.lock(TURN):
            return False
        try:
            if not self._file.lock(HELD):
                holder = Holder.parse(self._file.read())
                if holder is not None and holder.of_now().daemon.alive():
                    raise Busy(_words(holder))
                return False
            own = ProcessId.own()
            since = clock.now().isoformat(timespec="seconds").replace("+00:00", "Z")
            self._write(Holder(self._site, own.pid, own.started, own.boot_id, socket.gethostname(), since))
            return True
        finally:
            self._file.unlock(TURN)

    def _write(self, holder: Holder) -> None:
        self._holder = holder
        self._file.write(json.dumps(holder._asdict()) + "\n")

    def _end_host(self) -> bool:
        """End what holds the lock of a dead daemon. False when that cannot be seen or ended from here.

        With TURN locked no newcomer is between taking the lock and writing who it is: whoever holds the lock is the
        daemon that the file names, or the host of that one.
        """
        if not self._file.lock(TURN):
            return True  # another newcomer is at it: soon it is the living daemon
        try:
            holder = Holder.parse(self._file.read())
            if holder is None or (holder := holder.of_now()).daemon.alive():
                return False
            hosts = locking(self._file.path)  # also one that was never written down, because its daemon died before
            if holder.host is not None and holder.host.alive() and holder.host not in hosts:
                hosts.append(holder.host)
            pids = ", ".join(str(host.pid) for host in hosts)
            from logging import getLogger  # not on the way of an ordinary start

            what = f"Ending what a dead linod left of site {self._site}: worker host {pids} and its jobs"
            getLogger("lino").warning(what)
            return bool(hosts) and end_tree(hosts)
        finally:
            self._file.unlock(TURN)

    def _pause(self) -> None:
        """Wait a moment, or until the host has ended."""
        holder = Holder.parse(self._file.read())
        host = holder.of_now().host if holder is not None else None
        fd = host.pidfd() if host is not None else None
        try:
            select.select([fd] if fd is not None else [], [], [], STEP)
        finally:
            if fd is not None:
                os.close(fd)

    def _stuck(self) -> str:
        pids = ", ".join(str(process.pid) for process in locking(self._file.path))
        return (
            f"{self._file.path} is locked by {f'process {pids}' if pids else 'a process that is not visible here'}, "
            "although the daemon it names does not live; "
            f"`fuser -v {self._file.path}` as root shows who has it open: end that, then start linod again"
        )


def _words(holder: Holder) -> str:
    ctl = "linod-ctl" if holder.site == "linod" else f"linod-ctl --site {holder.site}"
    unit = "linod" if holder.site == "linod" else f"linod@{holder.site}"
    return (
        f"another linod serves site {holder.site}: pid {holder.pid} on {holder.host_name}, since {holder.since}; "
        f"`systemctl status {unit}` or `{ctl} status` shows it"
    )
