"""The change log, which is pruned."""

from datetime import timedelta

from linod.demo.database import books, transaction
from linod.demo.tables import Change, utcnow

KEEP_DAYS = 90


def record(user: str, text: str) -> None:
    """Add a line to the log, in the caller's transaction."""
    Change.create(user=user, text=text)


def prune() -> int:
    """Delete what is older than KEEP_DAYS. Returns how many changes that were."""
    with books(), transaction():
        deleted: int = Change.delete().where(Change.moment < utcnow() - timedelta(days=KEEP_DAYS)).execute()
    return deleted
