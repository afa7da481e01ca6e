"""Opens the store at a signal: OPENER URL."""

import sys

from linod.store import Store

store = Store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
store.open()
print("opened", flush=True)
sys.stdin.readline()
