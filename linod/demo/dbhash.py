"""Whether a session has left linod's tables as it found them."""

from hashlib import sha256
from typing import Any

from linod import models

TABLES: tuple[Any, ...] = (models.Job, models.Installed, models.KnownKind, models.Change, models.User)


class DatabaseHash:
    """What the tables that the models are bound to held when this was made."""

    def __init__(self) -> None:
        self._found = _hashes()

    def check_virgin(self) -> None:
        """Raises AssertionError, naming the tables that have changed."""
        now = _hashes()
        changed = [name for name, value in now.items() if value != self._found[name]]
        if changed:
            raise AssertionError(f"no longer as at the start of the session: {', '.join(changed)}")


def _hashes() -> dict[str, str]:
    """A hash of all rows of each table, by its name."""
    found = {}
    for model in (*models.KINDS.values(), *TABLES):
        rows = list(model.select().order_by(model.id).tuples())
        found[model._meta.table_name] = sha256(repr(rows).encode()).hexdigest()
    return found
