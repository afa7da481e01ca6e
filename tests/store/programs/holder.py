"""Claims the first due task and waits, inside the transaction or after it: HOLDER URL inside|after."""

import sys
from contextlib import nullcontext
from datetime import UTC, datetime

from linod.store import Store

NOON = datetime(2026, 11, 24, 12, 0, 0, 500, tzinfo=UTC)

store = Store(sys.argv[1])
store.open()
with store.transaction() if sys.argv[2] == "inside" else nullcontext():
    [task] = store.due(NOON, 1)
    store.claim(task, by_request=False, slot=task.next_due, now=NOON, node="n", boot_id="b")
    print("claimed", flush=True)
    sys.stdin.readline()
