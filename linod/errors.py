"""Every error that linod shows to a person: what, which one, what now."""

from collections.abc import Collection


class LinodError(Exception):
    """An error with a text for people; `exit_code` is what a command that meets it ends with (sysexits.h)."""

    exit_code = 1


class ConfigurationError(LinodError):
    """The site cannot run as it is configured; systemd does not restart after this one."""

    exit_code = 78  # EX_CONFIG in sysexits.h


class DatabaseAway(LinodError):
    """The database did not answer: locked for longer than its busy timeout, full, unreadable or gone. Try again."""


class IllegalTransition(LinodError):
    """An arrow of the ledger found its row in another state: somebody else made it first."""


class Busy(LinodError):
    """Another daemon serves this site."""


class NoSuchTask(LinodError):
    """No task has this name, id or number."""

    exit_code = 4


class NotPermitted(LinodError):
    """The caller may not operate this site."""

    exit_code = 77  # EX_NOPERM in sysexits.h


class BadValue(LinodError):
    """An operator gave a value that the column cannot hold."""

    exit_code = 2


def near(word: str, known: Collection[str], otherwise: str) -> str:
    """The last half of an error about an unknown word: the nearest known one, else where the known ones are listed.

    word       what was given.
    known      the words that would have been right.
    otherwise  what to say when none is near: "linod.toml(5) lists the keys".
    """
    from difflib import get_close_matches  # 5 ms that a start without an error does not need

    found = get_close_matches(word, known, n=1)
    return f"did you mean {found[0]!r}?" if found else otherwise
