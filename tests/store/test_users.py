"""The users of a site in the ledger: what is made by itself, what operators write, and what is refused."""

import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest

from linod.errors import BadValue
from linod.migrations import STEPS
from linod.store import Store
from linod.users import User, Users

ROBIN = User(1, "robin")


def test_the_daemons_user_is_made_once(store: Store) -> None:
    assert store.user("robin") is None
    assert store.install_user("robin") == store.install_user("robin") == store.user("robin") == ROBIN
    assert store.site_users("robin") == Users("robin", {"robin": ROBIN})


def test_a_user_that_is_there_keeps_language_and_zone(store: Store) -> None:
    ann = store.add_user("ann", {"language": "pt-BR", "time_zone": "Europe/Brussels"})
    assert ann == store.install_user("ann") == User(1, "ann", "pt-br", "Europe/Brussels")
    assert store.site_users("luc").by_name == {"ann": ann, "luc": User(2, "luc")}
    assert store.users() == [ann, User(2, "luc")]


def test_columns_are_set_one_by_one_and_emptied(store: Store) -> None:
    ann = store.add_user("ann", {"language": "de"})
    assert store.set_user(ann, {"time_zone": "Asia/Tokyo"}) == User(1, "ann", "de", "Asia/Tokyo") == store.user("ann")
    assert store.set_user(store.users()[0], {"language": "none"}) == User(1, "ann", None, "Asia/Tokyo")
    assert store.user("ann") == User(1, "ann", None, "Asia/Tokyo")


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ({"language": "pt_BR.UTF-8"}, "language: 'pt_BR.UTF-8' is not a language such as de or pt-br; did you mean"),
        ({"language": "german"}, "language: 'german' is not a language such as de or pt-br; \"none\" empties it"),
        ({"language": 5}, "language: 5 is not a language"),
        ({"language": "de-" + "1994-" * 8 + "x"}, "is not a language"),
        ({"time_zone": "Europe/Brusels"}, "did you mean 'Europe/Brussels'?"),
        ({"languag": "de"}, "languag: users have no such column; did you mean 'language'?"),
        ({"colour": "red"}, "colour: users have no such column; they are language, time_zone"),
    ],
)
def test_what_a_column_cannot_hold_is_refused_and_says_what_it_can(
    store: Store, columns: dict[str, object], text: str
) -> None:
    ann = store.add_user("ann", {"language": "fr"})
    with pytest.raises(BadValue) as refused:
        store.set_user(ann, columns)
    assert text in str(refused.value)
    with pytest.raises(BadValue):
        store.add_user("luc", columns)
    assert store.users() == [ann]


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 201])
def test_a_username_is_a_text(store: Store, name: str) -> None:
    with pytest.raises(BadValue, match="username: "):
        store.add_user(name, {})


def test_a_name_is_one_users_and_stays(store: Store) -> None:
    ann = store.add_user("ann", {"language": "fr"})
    with pytest.raises(BadValue, match="username: there is a user 'ann' already"):
        store.add_user("ann", {"language": "de"})
    with pytest.raises(BadValue, match="username: stays as it is"):
        store.set_user(ann, {"username": "anna"})
    assert store.users() == [ann]


def test_users_of_an_older_linod_keep_their_names(path: Path, url: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        for version in range(1, 5):
            step = import_module(STEPS[version])
            for statement in step.statements() if hasattr(step, "statements") else ():
                database.execute(statement)
            for statement in step.of_kind("linod.SystemTask", "linod_systemtask") if hasattr(step, "of_kind") else ():
                database.execute(statement)
        database.execute("INSERT INTO linod_schema (version) VALUES (4)")
        database.execute("INSERT INTO linod_user (username) VALUES ('robin')")
        database.commit()
    store = Store(url)
    store.open()
    assert store.install_user("robin") == ROBIN
    store.close()
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT MAX(version) FROM linod_schema").fetchone() >= (5,)
