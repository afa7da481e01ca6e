"""A newer linod meets the tables of an older one: a copy first, all steps or none, and the way back."""

import logging
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from linod import migrations
from linod.errors import ConfigurationError, DatabaseAway
from linod.migrations import LATEST, STEPS
from linod.migrations.copies import KEPT, copies
from linod.store import Store
from tests.store import next_step
from tests.store.conftest import PROGRAMS, Start, line, tell
from tests.store.moments import NOON, add, again, beside, claim_slot

COPY = f"linod.sqlite.version-{LATEST}"
ROOT = Path(__file__).parents[2]


class Linods:
    """Which linod the test is at the moment."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        monkeypatch.setitem(STEPS, LATEST + 1, next_step.__name__)

    def newer(self) -> None:
        """One that knows one more step."""
        self._monkeypatch.setattr(migrations, "LATEST", LATEST + 1)

    def older(self) -> None:
        self._monkeypatch.setattr(migrations, "LATEST", LATEST)


@pytest.fixture
def linods(monkeypatch: pytest.MonkeyPatch) -> Linods:
    return Linods(monkeypatch)


def version(path: Path) -> int:
    with sqlite3.connect(path) as database:
        [[found]] = database.execute("SELECT MAX(version) FROM linod_schema").fetchall()
    database.close()
    return int(found)


def columns(path: Path) -> set[str]:
    with sqlite3.connect(path) as database:
        found = {name for _, name, *_ in database.execute("PRAGMA table_info(linod_systemtask)")}
    database.close()
    return found


def reopened(url: str) -> None:
    """One start and one orderly end."""
    store = Store(url)
    store.open()
    store.close()


def put_back(path: Path, copy: Path) -> None:
    """As the error tells people to."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
    shutil.copyfile(copy, path)


def test_a_start_keeps_a_copy_and_brings_the_tables_up_to_date(
    store: Store, url: str, path: Path, linods: Linods, caplog: pytest.LogCaptureFixture
) -> None:
    """`store` stays open, so what it wrote is in the journal beside the file only."""
    task = add(store, due=NOON)
    job = claim_slot(store, task)
    path.chmod(0o644)
    linods.newer()
    with caplog.at_level(logging.INFO, "lino"):
        reopened(url)

    assert version(path) == LATEST + 1 and "colour" in columns(path)
    copy = path.with_name(COPY)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600 and copy.stat().st_uid == path.stat().st_uid
    assert f"The tables of {path} go from version {LATEST} to {LATEST + 1}; {copy} is as it was" in caplog.text

    linods.older()
    assert "colour" not in columns(copy)
    old = Store(f"sqlite:///{copy}")
    old.open()
    assert again(old, task).key == task.key and [job.id for job in old.unfinished()] == [job.id]
    old.close()


def test_neither_a_new_database_nor_one_that_is_up_to_date_is_copied(url: str, path: Path, linods: Linods) -> None:
    linods.newer()
    reopened(url)
    reopened(url)
    assert beside(path) == ["linod.sqlite"] and version(path) == LATEST + 1


def test_a_step_that_fails_changes_nothing_and_is_tried_again_with_the_same_copy(
    store: Store, url: str, path: Path, linods: Linods, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = add(store)
    store.close()
    linods.newer()
    good = next_step.of_kind
    monkeypatch.setattr(next_step, "of_kind", lambda *table: [*good(*table), "CREATE TABLE broken ("])
    for _ in range(2):
        with pytest.raises(DatabaseAway, match="incomplete input"):
            Store(url).open()
        assert version(path) == LATEST and "colour" not in columns(path)
        assert beside(path) == ["linod.sqlite", COPY]

    monkeypatch.setattr(next_step, "of_kind", good)
    store.open()
    assert again(store, task).key == task.key and "colour" in columns(path)
    assert [file.name for file, _ in copies(path)] == [COPY]


def test_a_start_that_is_killed_in_the_middle_changes_nothing(store: Store, url: str, path: Path, start: Start) -> None:
    task = add(store)
    store.close()
    for _ in range(2):
        killed = start("upgrader.py", path, "half")
        assert [line(killed), line(killed)] == ["opening", "half"]
        killed.kill()
        killed.wait(10)
        assert version(path) == LATEST and "colour" not in columns(path)
        assert [file.name for file, _ in copies(path)] == [COPY]

    third = start("upgrader.py", path)
    assert [line(third), line(third)] == ["opening", "migrated"]
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT id, colour FROM linod_systemtask").fetchall() == [(task.id, "green")]
    database.close()


def test_of_several_processes_one_migrates(store: Store, path: Path, start: Start) -> None:
    add(store)
    store.close()
    first = start("upgrader.py", path, "half")
    assert [line(first), line(first)] == ["opening", "half"]
    others = [start("upgrader.py", path) for _ in range(2)]
    assert [line(other) for other in others] == ["opening", "opening"]
    tell(first, "go on")

    assert line(first) == "migrated"
    assert [line(other) for other in others] == ["open", "open"]
    assert [file.name for file, _ in copies(path)] == [COPY]


def test_no_room_for_the_copy(store: Store, path: Path, tmp_path: Path) -> None:
    """On a file system of 1 MiB, with a database of more than half of it."""
    with sqlite3.connect(path) as database:
        database.execute("INSERT INTO linod_user (username) VALUES (?)", ["x" * 300_000])
    database.close()
    store.close()
    disk = tmp_path / "disk"
    disk.mkdir()
    script = (
        f"mount -t tmpfs -o size=1m none {disk} && cp {path} {disk} && {sys.executable} {PROGRAMS}/upgrader.py"
        f" {disk}/linod.sqlite; ls {disk}; cmp {path} {disk}/linod.sqlite && echo unchanged"
    )
    whole = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c", script]
    said = subprocess.run(whole, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert said.stdout.splitlines()[0] == "opening", said.stderr
    away = said.stdout.splitlines()[1]
    assert away.startswith(f"away {disk}/linod.sqlite: the copy that linod makes before it changes the tables failed: ")
    assert "full" in away and "nothing was changed" in away and away.endswith("make room, then start linod again")
    assert said.stdout.splitlines()[2:] == ["linod.sqlite", "unchanged"]


def test_an_older_linod_refuses_and_names_the_copy_which_works(
    store: Store, url: str, path: Path, linods: Linods
) -> None:
    task = add(store)
    store.close()
    linods.newer()
    reopened(url)
    linods.older()
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match=f"put back {path.with_name(COPY)}, the copy made before") as refused:
        Store(url).open()
    assert refused.value.exit_code == 78
    assert path.read_bytes() == before

    put_back(path, path.with_name(COPY))
    store.open()
    assert again(store, task) == task


def test_going_back_and_forward_again_keeps_both_copies_and_in_the_end_the_three_newest(
    store: Store, url: str, path: Path, linods: Linods
) -> None:
    for number in range(KEPT + 1):
        linods.older()
        if number:
            put_back(path, copies(path)[-1][0])
            store.open()
        add(store, f"task{number}")
        store.close()
        linods.newer()
        reopened(url)
    names = [f"{COPY}.{number}" for number in range(2, KEPT + 2)]
    assert [file.name for file, _ in copies(path)] == names
    linods.older()
    last = Store(f"sqlite:///{path}.version-{LATEST}.{KEPT + 1}")
    last.open()
    assert last.count_tasks() == KEPT + 1
    last.close()


def test_a_copy_that_is_put_back_under_a_running_linod_waits_for_its_restart(
    store: Store, url: str, path: Path, linods: Linods
) -> None:
    add(store)
    store.close()
    linods.newer()
    running = Store(url)
    running.open()
    path.unlink()
    put_back(path, path.with_name(COPY))
    with pytest.raises(DatabaseAway, match="is another file now"):
        running.count_tasks()
    for _ in range(2):
        with pytest.raises(DatabaseAway, match=f"has tables of version {LATEST}; .* restart linod"):
            running.count_tasks()
    running.close()
    assert version(path) == LATEST
