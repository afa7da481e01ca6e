"""Holds a database until a line comes in, or for some seconds, then commits: PATH NORMAL|EXCLUSIVE [SECONDS]."""

import select
import sqlite3
import sys

path, locking, *seconds = sys.argv[1:]
connection = sqlite3.connect(path, isolation_level=None)
connection.execute(f"PRAGMA locking_mode = {locking}")
connection.execute("BEGIN EXCLUSIVE")
connection.execute("INSERT INTO linod_user (username) VALUES ('blocker')")
print("locked", flush=True)
select.select([sys.stdin], [], [], float(seconds[0]) if seconds else None)
connection.execute("COMMIT")
connection.close()
print("released", flush=True)
