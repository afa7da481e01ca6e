"""One daemon for one site: the lock beside the database, the pid file, and the processes that a dead daemon left."""

from linod.lock.database import DatabaseLock, Holder
from linod.lock.files import LockFile
from linod.lock.pidfile import PidFile
from linod.lock.processes import ProcessId, boot_id, end_leftovers, end_process, end_tree

__all__ = [
    "DatabaseLock",
    "Holder",
    "LockFile",
    "PidFile",
    "ProcessId",
    "boot_id",
    "end_leftovers",
    "end_process",
    "end_tree",
]
