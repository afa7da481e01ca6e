"""Why a database does not answer, and what to do: SQLite's few words, for people."""

from pathlib import Path


def explain(error: BaseException, path: Path, busy_timeout: int) -> tuple[str, bool]:
    """The reason with its cure, and whether the connection is doubtful and should be made anew."""
    said = str(error)
    for word, cure in _CURES.items():
        if word in said:
            return f"{said}; {cure.format(path=path, seconds=busy_timeout / 1000)}", word != "locked"
    return f"{said}; linod tries again", True


def first_error(error: BaseException) -> BaseException:
    """The error that came first: at a full disk SQLite ends the transaction itself, and Peewee's rollback fails."""
    while "cannot rollback" in str(error) and error.__context__ is not None:
        error = error.__context__
    return error


_CURES = {
    "locked": "another process has kept it for longer than {seconds:g} s, `fuser {path}` names it; linod tries again",
    "full": "make room on the file system of {path}; linod tries again",
    "malformed": "the file is damaged: stop linod and restore a backup of {path}",
    "not a database": "something has overwritten {path}: stop linod and restore a backup",
    "I/O error": "`journalctl -k` says more about the disk of {path}; linod tries again",
    "readonly": "change the owner or mode of {path} and its directory, or remount it; linod tries again",
    "unable to open": "look at the owner and mode of {path} and its directory; linod tries again",
}
