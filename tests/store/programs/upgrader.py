"""Opens a database as a linod with one more step: PATH [half].

Prints "opening", then "migrated", or "open" when there was nothing to do. With "half" it prints "half" in the middle of
the step, and goes on when a line comes in. Prints "away TEXT" when it cannot.
"""

import logging.handlers
import sys
from collections.abc import Iterator

from linod import migrations
from linod.errors import DatabaseAway
from linod.store import Store
from tests.store import next_step


def halting(statements: list[str]) -> Iterator[str]:
    yield statements[0]
    print("half", flush=True)
    sys.stdin.readline()
    yield from statements[1:]


def main(path: str, *words: str) -> None:
    migrations.LATEST += 1
    migrations.STEPS[migrations.LATEST] = next_step.__name__
    if words == ("half",):
        of_kind = next_step.of_kind
        next_step.of_kind = lambda *table: halting(list(of_kind(*table)))
    said = logging.handlers.BufferingHandler(1000)
    logging.getLogger("lino").addHandler(said)
    store = Store(f"sqlite:///{path}", busy_timeout=20_000)
    print("opening", flush=True)
    try:
        store.open()
    except DatabaseAway as error:
        print("away", error, flush=True)
        return
    migrated = any("go from version" in record.getMessage() for record in said.buffer)
    print("migrated" if migrated else "open", flush=True)
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
