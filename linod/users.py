"""The users of a site: in the name of one of them its jobs run, and others ask for jobs. Pure values."""

from collections.abc import Mapping

from linod.tuples import NamedTuple


class User(NamedTuple):
    """A user of a site. Somebody at the control socket is the one whose username is that of the operating system.

    language   a tag such as "de" or "pt-br"; None when nobody said.
    time_zone  a name of the tz database; None for that of the site.
    """

    id: int
    username: str
    language: str | None = None
    time_zone: str | None = None

    def row(self, zone: str) -> dict[str, object]:
        """What a procedure gets as `ar.user`: the columns; `time_zone` is always a name, at last that of the site.

        zone  the site's.
        """
        return {**self._asdict(), "time_zone": self.time_zone or zone}


class Users(NamedTuple):
    """The users as the daemon knows them, by name; `daemon_user` is the one in whose name jobs run."""

    daemon_user: str
    by_name: Mapping[str, User]

    def row(self, username: str | None, zone: str) -> dict[str, object] | None:
        """`User.row` of the user of this name, None when there is none."""
        user = self.by_name.get(username or "")
        return None if user is None else user.row(zone)
