"""The users of the site: those in whose name jobs run, and those who ask for them."""

from collections.abc import Mapping
from typing import Any

from linod import models
from linod.store.connection import Connection
from linod.store.query import param
from linod.users import User, Users

USERS = 'SELECT {} FROM "linod_user" ORDER BY "username"'.format(", ".join(f'"{name}"' for name in User._fields))
"""As text: each start asks it, and Peewee takes 0.7 ms to make it."""


class SiteUsers(Connection):
    """Reads and edits of users. None is ever removed: jobs and changes name them."""

    def users(self) -> list[User]:
        """All of them, by username."""
        return [User(*row) for row in self._rows_of(USERS)]

    def site_users(self, daemon_user: str) -> Users:
        """All of them, and the one in whose name jobs run, who is added when missing."""
        found = {user.username: user for user in self.users()}
        if daemon_user not in found:
            found[daemon_user] = self.install_user(daemon_user)
        return Users(daemon_user, found)

    def user(self, username: str) -> User | None:
        """The user of this name."""
        rows = self._rows(_user, username=username)
        return User(*rows[0]) if rows else None

    def install_user(self, username: str) -> User:
        """The user of this name, made when missing, with neither language nor time zone."""
        found = self.user(username)
        if found is None:
            with self.transaction():
                found = self.user(username) or self._add(username)
        return found

    def add_user(self, username: str, columns: Mapping[str, object]) -> User:
        """Add a user.

        columns  language and time_zone, as people write them.
        Raises   BadValue for a value that does not fit, and for a name that a user has already.
        """
        username = str(models.parse_user_column("username", username))
        parsed = {name: models.parse_user_column(name, value) for name, value in columns.items()}
        with self.transaction():
            if self.user(username) is not None:
                raise models.BadColumn("username", f"there is a user {username!r} already; set-user changes it")
            return self._add(username, **parsed)

    def _add(self, username: str, **columns: Any) -> User:
        user = User(0, username, **columns)
        return user._replace(id=self._inserted(_add, **user._asdict()))

    def set_user(self, user: User, columns: Mapping[str, object]) -> User:
        """Set language and time zone, or one of them. Returns the user as it is then; raises BadValue."""
        if "username" in columns:
            raise models.BadColumn("username", "stays as it is: jobs and changes name their user; add another one")
        parsed: dict[str, Any] = {name: models.parse_user_column(name, value) for name, value in columns.items()}
        changed = user._replace(**parsed)
        self._changed(_set, id=user.id, language=changed.language, time_zone=changed.time_zone)
        return changed


def _columns() -> tuple[Any, ...]:
    return tuple(getattr(models.User, name) for name in User._fields)


def _user() -> Any:
    return models.User.select(*_columns()).where(models.User.username == param("username"))


def _add() -> Any:
    return models.User.insert(username=param("username"), language=param("language"), time_zone=param("time_zone"))


def _set() -> Any:
    changes = {"language": param("language"), "time_zone": param("time_zone")}
    return models.User.update(**changes).where(models.User.id == param("id"))
