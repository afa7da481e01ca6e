"""Where the demo's books are, and how to open them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from linod.demo.place import directory
from linod.demo.tables import TABLES, database

BUSY_TIMEOUT = 30_000
"""Milliseconds to wait for another job's transaction."""


@contextmanager
def books() -> Iterator[None]:
    """Open the books for one procedure, and close them."""
    find_books()
    with database.connection_context():
        yield


def find_books() -> None:
    """Let the tables be those of the books, which whoever comes first makes. The first query opens them."""
    file = directory() / "books.sqlite"
    if not file.exists():
        _create(file)
    database.init(str(file), pragmas={"busy_timeout": BUSY_TIMEOUT, "foreign_keys": 1})


@contextmanager
def transaction() -> Iterator[None]:
    """A transaction that writes. IMMEDIATE: one that begins by reading fails when another job writes in between."""
    with database.atomic("IMMEDIATE"):
        yield


def _create(file: Path) -> None:
    """Write the books into a draft and give it the name when it is complete: two jobs at once do not get in each
    other's way, and one that is killed leaves no half of them."""
    from tempfile import TemporaryDirectory

    from linod.demo.fixture import fill
    from linod.demo.invoicing.fixture import fill_sales
    from linod.demo.invoicing.tables import SALES
    from linod.demo.office import OFFICE
    from linod.demo.office_fixture import fill_office, write_letters

    file.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=file.parent, prefix=".draft-") as place:
        draft = Path(place, file.name)
        database.init(str(draft), pragmas={"journal_mode": "wal"})  # the file keeps the mode
        with database.connection_context(), database.atomic():
            database.create_tables((*TABLES, *OFFICE, *SALES))
            fill()
            fill_office()
            fill_sales()
        write_letters(Path(place, "Inbox"))
        with suppress(OSError):  # another job was first; its letters are as good
            Path(place, "Inbox").rename(file.with_name("Inbox"))
        with suppress(FileExistsError):  # and its books
            os.link(draft, file)
