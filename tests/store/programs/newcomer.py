"""Takes the lock at a signal, or is refused; then waits: NEWCOMER DATABASE."""

import sys
from pathlib import Path

from linod.clock import SystemClock
from linod.errors import Busy
from linod.lock import DatabaseLock

lock = DatabaseLock(Path(sys.argv[1]), "books")
print("ready", flush=True)
sys.stdin.readline()
try:
    lock.acquire(SystemClock(), wait=0.3)
    print("taken", flush=True)
except Busy:
    print("busy", flush=True)
sys.stdin.readline()
