"""The schema: what the migrations make, and what they refuse."""

import sqlite3
import stat
from pathlib import Path
from typing import Any

import peewee
import pytest

from linod import migrations, models
from linod.errors import ConfigurationError
from linod.migrations import LATEST, STEPS, migrate
from linod.store import Store
from tests.store.moments import add, beside

TABLES: Any = [models.SystemTask, models.Job, models.Installed, models.KnownKind, models.Change, models.User]


def schema(connection: sqlite3.Connection, table: str) -> dict[str, object]:
    """Columns and indexes of a table; without SQL defaults, which only the migrations have."""
    columns = [
        (name, kind, bool(required), key)
        for _, name, kind, required, _, key in connection.execute(f"PRAGMA table_info({table})")
    ]
    indexes = {
        tuple(column for _, _, column in connection.execute(f'PRAGMA index_info("{name}")')): unique
        for _, name, unique, *_ in connection.execute(f"PRAGMA index_list({table})")
    }
    [[sql]] = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", [table]).fetchall()
    return {"columns": sorted(columns), "indexes": indexes, "ids never reused": "AUTOINCREMENT" in sql}


def test_models_and_migrated_schema_agree(store: Store, path: Path) -> None:
    declared: Any = peewee.SqliteDatabase(":memory:")
    with declared.bind_ctx(TABLES, False, False):
        declared.create_tables(TABLES)
    migrated = sqlite3.connect(path)
    for table in TABLES:
        name = table._meta.table_name
        expected = schema(declared.connection(), name)
        assert schema(migrated, name) == expected
        assert expected["ids never reused"]
    migrated.close()
    declared.close()


def test_a_row_that_an_application_inserts_with_its_own_sql_is_a_task(store: Store, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("INSERT INTO linod_systemtask (seqno, name, procedure, every_unit) VALUES (7, 'own', 'p', 'daily')")
    other.close()

    [task] = store.unplanned(10)

    assert (task.name, task.seqno, task.every, task.disabled, task.log_level) == ("own", 7, 1, False, "INFO")


def test_what_failed_before_the_column_for_it_is_found_in_the_ledger(
    url: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rule of version 1: disabled, the last execution failed, and no operator has switched the task since."""
    monkeypatch.setattr(migrations, "LATEST", 2)
    db = peewee.SqliteDatabase(str(path))
    migrate(db, path)
    db.close()
    other = sqlite3.connect(path, isolation_level=None)
    for number, disabled, states, switched in (
        (1, 1, ("succeeded", "failed"), None),
        (2, 1, ("failed", "succeeded"), None),
        (3, 1, ("timed_out", "cancelled", "missed"), None),
        (4, 1, ("failed", "interrupted"), None),
        (5, 0, ("failed",), None),
        (6, 1, ("failed",), "12:00:02"),
        (7, 1, ("out_of_memory",), "11:59:59"),
        (8, 1, (), None),
    ):
        task = "INSERT INTO linod_systemtask (seqno, name, procedure, disabled) VALUES (?, 'a', 'p', ?)"
        other.execute(task, (number, disabled))
        for state in states:
            other.execute(
                "INSERT INTO linod_job (kind, task_id, task_name, procedure, state, slot, attempt, log_level, node,"
                " boot_id, claimed_at, ended_at, message, traceback, log, log_lines, log_dropped)"
                " VALUES ('linod.SystemTask', ?, 'a', 'p', ?, NULL, 1, 'INFO', '', '', '2026-11-24 12:00:00.000000',"
                " '2026-11-24 12:00:01.000000', '', '', '', 0, 0)",
                (number, state),
            )
        if switched is not None:
            change = "INSERT INTO linod_change (at, uid, gid, user, action, kind, task_id, before, after)"
            at = f"2026-11-24 {switched}.000000"
            other.execute(
                f"{change} VALUES (?, 0, 0, 'ada', 'set', 'linod.SystemTask', ?, '{{}}', '{{\"disabled\": true}}')",
                (at, number),
            )
    other.close()
    monkeypatch.undo()

    store = Store(url)
    store.open()
    assert [(task.id, job.state) for task, job in store.failed_tasks(9)] == [
        (7, "out_of_memory"),
        (3, "timed_out"),
        (1, "failed"),
    ]
    assert store.count_failed() == 3
    store.close()


def test_opening_again_changes_nothing(store: Store, url: str) -> None:
    task = add(store)
    second = Store(url)
    second.open()
    assert second.task(task.key) == task
    second.close()


def test_a_step_that_fails_leaves_nothing_behind(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from linod.migrations import step_001

    made = list(step_001.statements())
    monkeypatch.setattr(step_001, "statements", lambda: [*made[:5], "CREATE TABLE broken ("])
    db = peewee.SqliteDatabase(str(path))
    with pytest.raises(peewee.OperationalError):
        migrate(db, path)
    assert db.get_tables() == []

    monkeypatch.setattr(step_001, "statements", lambda: made)
    assert migrate(db, path) == len(STEPS)
    assert migrate(db, path) == 0
    db.close()


def test_a_newer_schema_is_refused_and_the_file_named(store: Store, url: str, path: Path) -> None:
    store.close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("INSERT INTO linod_schema (version) VALUES (999)")
    other.close()

    for attempt in (Store(url).open, Store(url).check_schema, Store(url, read_only=True).open):
        with pytest.raises(ConfigurationError, match=rf"{path}.* 999, .* {LATEST}") as caught:
            attempt()
        assert caught.value.exit_code == 78


def test_looking_at_the_schema_creates_nothing(url: str, path: Path) -> None:
    assert Store(url).check_schema() is None
    assert beside(path) == []
    with pytest.raises(ConfigurationError, match="no database"):
        Store(url, read_only=True).open()
    assert beside(path) == []


def test_a_closed_database_is_read_without_making_a_journal(store: Store, url: str, path: Path) -> None:
    task = add(store)
    store.close()
    assert beside(path) == ["linod.sqlite"]
    path.chmod(stat.S_IRUSR)

    looking = Store(url, read_only=True)
    looking.open()
    assert looking.check_schema() == LATEST
    assert looking.task(task.key) == task
    assert beside(path) == ["linod.sqlite"]
    looking.close()
    assert beside(path) == ["linod.sqlite"]


def test_a_database_in_use_is_read_with_what_its_journal_holds(store: Store, url: str) -> None:
    task = add(store)
    looking = Store(url, read_only=True)
    looking.open()
    assert looking.task(task.key) == task
    looking.close()


@pytest.mark.parametrize("url", ["postgresql://localhost/x", "sqlite:///:memory:", "sqlite:///", "linod.sqlite"])
def test_only_sqlite_files_can_be_named(url: str) -> None:
    with pytest.raises(ConfigurationError, match="sqlite:///"):
        Store(url)


def test_a_place_where_no_database_can_be_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no directory"):
        Store(f"sqlite:///{tmp_path}/missing/linod.sqlite").open()
    with pytest.raises(ConfigurationError, match="is a directory"):
        Store(f"sqlite:///{tmp_path}").open()
    (tmp_path / "letter.txt").write_text("Dear Sir or Madam, " * 100)
    with pytest.raises(ConfigurationError, match="not an SQLite database"):
        Store(f"sqlite:///{tmp_path}/letter.txt").open()


def test_the_path_may_hold_any_character(tmp_path: Path) -> None:
    odd = tmp_path / "100% sûr? #1.sqlite"
    store = Store(f"sqlite:///{odd}")
    store.open()
    assert odd.exists()
    store.close()
    assert beside(odd) == [odd.name]
