"""Looks at the lock again and again: LOOKER DATABASE."""

import sys
from pathlib import Path

from linod.lock import DatabaseLock

lock = DatabaseLock(Path(sys.argv[1]), "books")
lock.look()
print("looking", flush=True)
while True:
    lock.look()
