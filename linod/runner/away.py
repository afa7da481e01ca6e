"""Whether the database answers: said once when it does not, and once when it does again."""

import logging
from collections.abc import Callable
from contextlib import suppress

from linod.errors import DatabaseAway
from linod.journal import Event, Journal
from linod.runner.supervisor import Supervisor
from linod.store import Store
from linod.store.thread import DatabaseThread


class Away:
    """What the turns of the loop have met. Lives in the loop.

    problem      the error of the last turn; None while the database answers.
    on_replaced  called when its file was exchanged for another.
    """

    def __init__(self, store: Store, db: DatabaseThread, supervisor: Supervisor, journal: Journal) -> None:
        self.problem: str | None = None
        self.on_replaced: Callable[[], None] = lambda: None
        self._said: set[str] = set()
        self._store = store
        self._db = db
        self._supervisor = supervisor
        self._journal = journal

    def met(self, error: DatabaseAway) -> None:
        """A turn failed. Each different reason is said once, until the database answers again: a file that was
        exchanged may turn out to be one that this linod cannot use."""
        self.problem = str(error)
        if self.problem not in self._said:
            self._said.add(self.problem)
            self._journal.send(logging.ERROR, self.problem, event=Event.DATABASE_AWAY)

    async def answered(self) -> None:
        """A turn was made."""
        if self._store.replaced:
            if self.problem is None:  # somebody else's call has met it
                self.met(DatabaseAway(self._store.replaced))
            self._store.replaced = ""
            self.on_replaced()
        if self.problem is None:
            return
        self._journal.send(logging.WARNING, "The database answers again.", event=Event.DATABASE_BACK)
        self.problem = None
        self._said.clear()
        # A commit that failed may have been made all the same: then its jobs stand in the ledger, and nobody runs them.
        with suppress(DatabaseAway):
            for job in await self._db.run(self._store.unfinished):
                self._supervisor.disown(job)
