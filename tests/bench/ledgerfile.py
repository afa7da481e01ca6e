"""The ledger as the bench reads it beside linod: what a reader sees there has been committed, and is on the disk."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from tests.bench.site import Site
from tests.bench.verdict import Unmeasured

Row = tuple[Any, ...]


class LedgerFile:
    """A connection of its own, that never writes. With WAL a reader sees a commit when it is synchronised, not before,
    and keeps no writer waiting."""

    def __init__(self, place: Site) -> None:
        self._database = sqlite3.connect(f"file:{place.state}/linod.sqlite?mode=ro", uri=True, isolation_level=None)

    def close(self) -> None:
        self._database.close()

    def rows(self, query: str, *parameters: object) -> list[Row]:
        """What the ledger has now."""
        with closing(self._database.execute(query, parameters)) as cursor:
            return cursor.fetchall()

    def wait_for(
        self,
        query: str,
        *parameters: object,
        enough: Callable[[list[Row]], bool] = bool,
        every: float = 0.01,
        timeout: float = 30.0,
    ) -> list[Row]:
        """The rows when there are `enough`: at first when there are any. Looks `every` so many seconds."""
        deadline = time.monotonic() + timeout
        while not enough(found := self.rows(query, *parameters)):
            if time.monotonic() > deadline:
                raise Unmeasured(f"within {timeout:g} s the ledger did not answer what was awaited: {query}")
            time.sleep(every)
        return found
