"""A database that does not answer: one kind of error, with a cure, and it goes on afterwards."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from linod.errors import DatabaseAway
from linod.store import Store
from tests.store.conftest import Start, line, tell
from tests.store.moments import NOON, add, again, claim_slot, end


@pytest.fixture
def hasty(url: str) -> Iterator[Store]:
    """A store that waits 0.1 s for others."""
    opened = Store(url, busy_timeout=100)
    opened.open()
    yield opened
    opened.close()


@pytest.mark.parametrize("locking", ["NORMAL", "EXCLUSIVE"])
def test_a_lock_of_another_process_is_waited_for_then_told_and_got_over(
    url: str, path: Path, start: Start, locking: str
) -> None:
    hasty = Store(url, busy_timeout=100)
    hasty.open()
    task = add(hasty, due=NOON)
    if locking == "EXCLUSIVE":
        hasty.close()  # such a process lets nobody in, not even to read; it needs to be alone to begin
    blocker = start("blocker.py", path, locking)
    assert line(blocker) == "locked"

    if locking == "EXCLUSIVE":
        with pytest.raises(DatabaseAway, match="locked"):
            hasty.open()
    else:
        assert hasty.due(NOON, 5) == [task]  # readers go on
        for attempt in (
            lambda: claim_slot(hasty, task),
            lambda: hasty.request(task.key, "ada", NOON),
            lambda: hasty.plan(task, NOON),
        ):
            with pytest.raises(DatabaseAway, match=f"{path}.*locked.*0.1 s.*fuser"):
                attempt()

    tell(blocker, "release")
    assert line(blocker) == "released"
    if locking == "EXCLUSIVE":
        hasty.open()
    end(hasty, claim_slot(hasty, task))
    hasty.close()


def test_a_lock_shorter_than_the_busy_timeout_is_only_waited_for(store: Store, path: Path, start: Start) -> None:
    task = add(store, due=NOON)
    blocker = start("blocker.py", path, "NORMAL", "0.3")
    assert line(blocker) == "locked"
    claim_slot(store, task)
    assert line(blocker) == "released"


def test_a_full_disk(hasty: Store) -> None:
    task = add(hasty, due=NOON)
    job = claim_slot(hasty, task)
    pages = hasty._db.execute_sql("PRAGMA page_count").fetchone()[0]
    hasty._db.execute_sql(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(
        DatabaseAway, match=r"linod.sqlite: database or disk is full; make room on [^;]*; linod tries again$"
    ):
        end(hasty, job, message="x" * 60_000)

    assert hasty.unfinished()[0].id == job.id  # by a new connection, whose size is not limited
    end(hasty, job, message="x" * 60_000)
    assert again(hasty, task).job_id is None


def test_a_full_disk_in_the_middle_of_a_batch_writes_nothing_of_it(hasty: Store) -> None:
    jobs = [claim_slot(hasty, add(hasty, name, due=NOON)) for name in ("a", "b", "c")]
    pages = hasty._db.execute_sql("PRAGMA page_count").fetchone()[0]
    hasty._db.execute_sql(f"PRAGMA max_page_count = {pages + 20}")
    with pytest.raises(DatabaseAway, match="full"), hasty.transaction():
        for job in jobs:
            end(hasty, job, message="x" * 60_000)
    assert [job.id for job in hasty.unfinished()] == [job.id for job in jobs]
    add(hasty, "afterwards")


def test_a_removed_file_is_not_written_into_and_is_used_again_when_it_is_back(hasty: Store, path: Path) -> None:
    """SQLite itself would go on with the removed file, and lose all of it with the process."""
    task = add(hasty, due=NOON)
    hasty.close()
    hasty.open()
    kept = path.with_suffix(".kept")
    path.rename(kept)

    for attempt in (lambda: claim_slot(hasty, task), lambda: hasty.due(NOON, 5)):
        with pytest.raises(DatabaseAway, match=f"{path}: No such file.*put it back"):
            attempt()
    assert not path.exists()  # nor is an empty one made in its place

    kept.rename(path)
    claim_slot(hasty, task)


def test_a_backup_put_in_its_place_is_used(hasty: Store, path: Path) -> None:
    task = add(hasty, due=NOON)
    hasty.close()
    backup = path.with_suffix(".backup")
    shutil.copy(path, backup)
    hasty.open()
    claim_slot(hasty, task)
    probe = hasty.data_version_probe()
    probe.changed()  # its connection has the journal open, too
    os.replace(backup, path)  # noqa: PTH105
    with pytest.raises(
        DatabaseAway, match=f"{path} is another file now; linod looks whether it can go on with that one"
    ):
        hasty.due(NOON, 5)
    assert hasty.replaced
    assert hasty.due(NOON, 5) == [task]  # and not what the journal of the old one says
    assert claim_slot(hasty, task).id == 2  # no number is used again, though this file does not know of the first


def test_a_damaged_file_says_restore(hasty: Store, path: Path) -> None:
    for number in range(300):
        add(hasty, f"t{number}")
    hasty.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))

    with pytest.raises(DatabaseAway, match=r"malformed.*restore a backup"):
        hasty.open()

    hasty._opened = True  # as a daemon that was running when the disk broke
    with pytest.raises(DatabaseAway, match=r"malformed.*restore a backup"):
        hasty.list_tasks(limit=999)


def test_a_file_that_something_else_has_overwritten(hasty: Store, path: Path) -> None:
    add(hasty)
    hasty.close()
    hasty.open()
    path.write_bytes(b"Dear Sir or Madam, " * 1000)
    with pytest.raises(DatabaseAway, match="restore a backup"):
        add(hasty, "other")


def test_an_error_in_a_statement_is_not_called_away(hasty: Store) -> None:
    import peewee

    task = add(hasty, due=NOON)
    claim_slot(hasty, task)
    with pytest.raises(peewee.IntegrityError), hasty.transaction():
        for _ in range(2):
            hasty._db.execute_sql("INSERT INTO linod_user (id, username) VALUES (1, 'twice')")
    assert hasty.user("twice") is None
    assert again(hasty, task).job_id is not None


def test_a_closed_store_says_so(hasty: Store) -> None:
    hasty.close()
    hasty.close()
    with pytest.raises(DatabaseAway, match="closed"):
        hasty.due(NOON, 1)


def test_every_connection_has_the_pragmas(hasty: Store) -> None:
    def pragmas() -> list[object]:
        names = ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        return [hasty._db.execute_sql(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert pragmas() == ["wal", 2, 100, 1]
    hasty._suspect = True  # what any error leaves
    hasty.due(NOON, 1)
    assert pragmas() == ["wal", 2, 100, 1]


def test_the_probe_tells_of_commits_of_others_and_never_raises(hasty: Store, path: Path, start: Start) -> None:
    probe = hasty.data_version_probe()
    assert probe.changed()  # it has not looked before
    assert not probe.changed()

    other = sqlite3.connect(path, isolation_level=None)
    other.execute("INSERT INTO linod_user (username) VALUES ('ada')")
    other.close()
    assert probe.changed()
    assert not probe.changed()

    blocker = start("blocker.py", path, "NORMAL")
    assert line(blocker) == "locked"
    assert not probe.changed()  # nothing is committed yet
    tell(blocker, "release")
    assert line(blocker) == "released"
    assert probe.changed()

    path.rename(path.with_suffix(".kept"))
    assert probe.changed()
    assert probe.changed()
    path.with_suffix(".kept").rename(path)
    assert probe.changed()
    assert not probe.changed()


def test_closing_the_store_closes_its_probes_and_leaves_one_file(hasty: Store, path: Path) -> None:
    probe = hasty.data_version_probe()
    probe.changed()
    add(hasty)
    hasty.close()
    assert not probe.changed()
    assert [file.name for file in path.parent.iterdir()] == [path.name]
