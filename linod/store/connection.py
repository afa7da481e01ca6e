"""One connection to the database: opening, transactions, compiled queries, and what is meant by away."""

import os
import sqlite3
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any

import peewee

from linod import models
from linod.errors import ConfigurationError, DatabaseAway
from linod.migrations import check_version, migrate, outlook, schema_version
from linod.store.away import explain, first_error
from linod.store.query import Compiled, compile_query
from linod.tasks import SYSTEM_TASK

SQLITE = "sqlite:///"

TABLES = (models.Job, models.Installed, models.KnownKind, models.Change, models.User)

NOT_AWAY = (peewee.IntegrityError, peewee.ProgrammingError, peewee.DataError)
"""Errors of a statement; they are defects, and no reason to try again."""


class Connection:
    """What the parts of the store share. Every method runs in the one thread that uses the store.

    url           a Peewee URL; SQLite only.
    read_only     create and change nothing.
    busy_timeout  milliseconds to wait for another process that holds the database.
    zone          of the moments that are written for people, in `message`.
    """

    def __init__(self, url: str, *, read_only: bool = False, busy_timeout: int = 5000, zone: tzinfo = UTC) -> None:
        self.path = database_path(url)
        self.zone = zone
        self._read_only = read_only
        self._busy_timeout = busy_timeout
        self._db: Any = peewee.SqliteDatabase(None)
        self._compiled: dict[tuple[Hashable, tuple[Hashable, ...]], Compiled] = {}
        self.kinds: dict[str, type[models.Runnable]] = {SYSTEM_TASK: models.SystemTask}  # those that have a table here
        self._file: tuple[int, int] | None = None  # device and inode of the file that is open
        self._opened = False
        self._suspect = False  # an error made the connection doubtful: take a new one
        self._last_job = 0
        self.replaced = ""  # what there is to say when the file was exchanged; whoever has said it empties this

    def open(self) -> None:
        """Connect, and bring the schema up to date unless `read_only`.

        Raises  ConfigurationError when there cannot be a database of linod at this place, or its schema is newer than
                this program; DatabaseAway when it does not answer now.
        """
        self._check_place()
        self._opened = True
        try:
            with self._guard():
                self._connect(create=not self._read_only)
                if self._read_only:
                    check_version(schema_version(self._db), self.path)
                else:
                    migrate(self._db, self.path)
                self._opened_schema()
        except DatabaseAway as error:
            self.close()
            if "not a database" in str(error.__cause__):
                raise ConfigurationError(
                    f"{self.path} is not an SQLite database; the setting `database` names it"
                ) from error
            raise
        except BaseException:
            self.close()
            raise

    def check_schema(self) -> int | None:
        """Version of the schema, without creating or changing anything; None when there is no database yet.

        Raises  ConfigurationError for a newer schema than this program knows.
        """
        if not self.path.exists():
            return None
        looking = type(self)(f"{SQLITE}{self.path}", read_only=True, busy_timeout=self._busy_timeout)
        looking.open()
        try:
            with looking._guard():
                return schema_version(looking._db)
        finally:
            looking.close()

    def close(self) -> None:
        """Disconnect; what the daemon's last connection leaves is one file, without a journal beside it."""
        self._opened = False
        self._disconnect()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, durable when it returns. One inside another is a part of it.

        IMMEDIATE: a deferred one that reads first fails at once when it wants to write and another process has written,
        whatever the busy timeout is (625 of 800 with four writers).
        Raises  DatabaseAway; then nothing was written, or the answer to the commit was lost.
        """
        if self._db.in_transaction():
            yield
            return
        self._ensure()
        with self._guard(), self._db.atomic("IMMEDIATE"):
            yield

    def model(self, kind: str) -> type[models.Runnable]:
        """The model of a kind's table; raises KeyError for one that has none here."""
        return self.kinds[kind]

    # for the parts of the store

    def _opened_schema(self) -> None:
        """The tables are those of this linod. `Kinds` looks which others there are."""

    def _rows_of(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a SELECT that is a text without parameters."""
        with self._guard():
            self._ensure()
            return list(self._db.execute_sql(sql))

    def _rows(self, build: Callable[..., Any], *args: Hashable, **values: object) -> list[tuple[Any, ...]]:
        """The rows of a SELECT. `build(*args)` makes the query, once; `values` are its parameters this time."""
        with self._guard():
            # All of them: a cursor left open would keep a read transaction, and the journal from being folded back.
            return list(self._execute(build, args, values).fetchall())

    def _changed(self, build: Callable[..., Any], *args: Hashable, **values: object) -> int:
        """Make an UPDATE or DELETE; returns the number of rows it met."""
        with self._guard():
            return int(self._db.rows_affected(self._execute(build, args, values)))

    def _inserted(self, build: Callable[..., Any], *args: Hashable, **values: object) -> int:
        """Make an INSERT; returns the new id."""
        with self._guard():
            return int(self._execute(build, args, values).lastrowid)

    def _execute(self, build: Callable[..., Any], args: tuple[Hashable, ...], values: Mapping[str, object]) -> Any:
        self._ensure()
        compiled = self._compiled.get((build, args))
        if compiled is None:
            tables = (*self.kinds.values(), *TABLES)
            with self._db.bind_ctx(tables, False, False):  # an INSERT of Peewee asks which database it is for
                compiled = self._compiled[build, args] = compile_query(self._db, build(*args))
        return self._db.execute_sql(compiled.sql, compiled.parameters(values))

    # the connection

    def _check_place(self) -> None:
        directory = self.path.parent
        if self._read_only and not self.path.exists():
            raise ConfigurationError(f"there is no database {self.path} yet; the first start of linod makes it")
        if not directory.is_dir():
            raise ConfigurationError(f"there is no directory {directory} for the database {self.path.name}; make it")
        if self.path.is_dir():
            raise ConfigurationError(f"the database {self.path} is a directory; the setting `database` needs a file")
        wanted = [(self.path, os.R_OK if self._read_only else os.R_OK | os.W_OK)] if self.path.exists() else []
        wanted += (
            [] if self._read_only else [(directory, os.W_OK | os.X_OK)]
        )  # SQLite keeps its journal beside the file
        for place, mode in wanted:
            if not os.access(place, mode):
                raise ConfigurationError(
                    f"{place} cannot be written or read by this user (uid {os.geteuid()}); change its owner"
                )

    def _ensure(self) -> None:
        """Have a connection to the file that is there now; inside a transaction nothing is looked at."""
        if self._db.in_transaction():
            return
        if not self._opened:
            raise DatabaseAway(f"database {self.path} is closed; linod is stopping")
        if self._suspect:
            self._disconnect()
        try:
            place = self.path.stat()
        except OSError as error:
            # SQLite would go on writing into the removed file, and everything would be lost with the process.
            raise DatabaseAway(f"database {self.path}: {error.strerror}; put it back, linod tries again") from error
        if self._file is not None and self._file != (place.st_dev, place.st_ino):
            self._leave_old_file()
            self.replaced = f"database {self.path} is another file now; linod looks whether it can go on with that one"
            raise DatabaseAway(self.replaced)
        if self._db.is_closed():
            with self._guard():
                self._connect(create=False)
                self._check_schema_again()

    def _leave_old_file(self) -> None:
        """Disconnect from a file that another one has taken the place of, and fold its journal back into it.

        SQLite leaves the journal of a file that was moved where it is; there it would be taken for that of the other.
        """
        journal, shared = (self.path.with_name(f"{self.path.name}-{what}") for what in ("wal", "shm"))
        ours = is_open_here(journal)
        with suppress(peewee.PeeweeException, sqlite3.Error):
            self._db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._disconnect()
        if ours:
            journal.unlink(missing_ok=True)
            shared.unlink(missing_ok=True)

    def _check_schema_again(self) -> None:
        """The file may be another one than at the start: a copy or a backup that was put back."""
        found = schema_version(self._db)
        check_version(found, self.path)
        change = None if self._read_only else outlook(found)
        if change is not None:
            self._suspect = True
            raise DatabaseAway(f"database {self.path} {change}: restart linod")
        if self._last_job and not self._read_only:
            # An older copy would number its next jobs as those that run now.
            for sql in (
                "INSERT INTO sqlite_sequence (name, seq) SELECT 'linod_job', 0"
                " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'linod_job')",
                "UPDATE sqlite_sequence SET seq = MAX(seq, ?) WHERE name = 'linod_job'",
            ):
                self._db.execute_sql(sql, (self._last_job,) if "?" in sql else ())
        self._opened_schema()

    def _connect(self, *, create: bool) -> None:
        mode = "rwc" if create else "rw"
        pragmas: list[tuple[str, object]] = [("busy_timeout", self._busy_timeout), ("foreign_keys", 1)]
        pragmas.append(("cache_size", -1024))  # KiB: the file's pages are in the kernel's cache, of a large one too
        if self._read_only:
            # Without its journal it was closed in order; only as an immutable file is it read without making a new one.
            journal = self.path.with_name(self.path.name + "-wal")
            mode = "ro" if journal.exists() else "ro&immutable=1"
        else:
            pragmas += [("journal_mode", "wal"), ("synchronous", 2)]  # 2 is FULL
        self._db.init(file_uri(self.path, mode), pragmas=pragmas, timeout=self._busy_timeout / 1000, uri=True)
        self._db.connect()
        place = self.path.stat()
        self._file = (place.st_dev, place.st_ino)
        self._suspect = False

    def _disconnect(self) -> None:
        try:
            self._db.close()
        except (peewee.PeeweeException, sqlite3.Error):
            # What it could not fold back into the file stays in the journal beside it, for the next connection.
            self._db = peewee.SqliteDatabase(None)
        self._file = None
        self._suspect = False

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """Tell errors of the database from errors of a statement."""
        try:
            yield
        except NOT_AWAY:
            raise
        except (peewee.DatabaseError, peewee.InterfaceError, sqlite3.Error) as error:
            first = first_error(error)
            if isinstance(first, DatabaseAway):
                raise first from error
            reason, self._suspect = explain(first, self.path, self._busy_timeout)
            raise DatabaseAway(f"database {self.path}: {reason}") from error


def database_path(url: str) -> Path:
    """The file of an SQLite URL; raises ConfigurationError for any other."""
    path = url.removeprefix(SQLITE)
    if path == url or path in ("", ":memory:"):
        raise ConfigurationError(
            f"database {url!r} is not the URL of an SQLite file, such as sqlite:////var/lib/linod/linod.sqlite"
        )
    return Path(path).absolute()


def is_open_here(path: Path) -> bool:
    """Whether this process has the file open, under whatever name."""
    try:
        wanted = path.stat()
    except OSError:
        return False
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  # names are all that is wanted
        with suppress(OSError):
            found = os.fstat(int(name))
            if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
                return True
    return False


def file_uri(path: Path, mode: str) -> str:
    """The path as SQLite's URI wants it: %, ? and # mean something else there."""
    return "file:" + str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23") + "?mode=" + mode
