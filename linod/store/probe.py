"""Whether the database has changed since the last look: the cheapest question SQLite answers."""

import sqlite3
from pathlib import Path

from linod.store.connection import file_uri


class Probe:
    """A read-only connection for one question, used by another thread than the store's. It never waits or raises."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._seen: tuple[int, int, int] | None = None
        self._closed = False

    def changed(self) -> bool:
        """Whether somebody, this daemon's store included, has committed since the last call; True when in doubt."""
        if self._closed:
            return False
        try:
            seen = self._look()
        except (OSError, sqlite3.Error):  # locked, or away: the pass that follows says what it is
            self._drop()
            seen = None
        changed = seen is None or seen != self._seen
        self._seen = seen
        return changed

    def let_go(self) -> None:
        """Disconnect until the next look."""
        self._drop()

    def close(self) -> None:
        """Disconnect; `changed()` says False from now on."""
        self._closed = True
        self._drop()

    def _look(self) -> tuple[int, int, int]:
        place = self._path.stat()
        if self._connection is None or (self._seen and self._seen[:2] != (place.st_dev, place.st_ino)):
            self._drop()
            uri = file_uri(self._path, "ro")
            self._connection = sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None, check_same_thread=False)
        version = self._connection.execute("PRAGMA data_version").fetchall()[0][0]
        return place.st_dev, place.st_ino, version

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except sqlite3.Error:  # in use by the thread that asks, at this moment: it is closed with the process
                return
