"""A TOML file as text and values, and the line where a key stands."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from linod.errors import ConfigurationError
from linod.tuples import NamedTuple


class Document(NamedTuple):
    """One settings file."""

    file: Path
    text: str
    values: dict[str, Any]

    def where(self, *keys: str) -> str:
        """What an error about a key begins with: "/etc/linod/linod.toml:7"; without the number if it is not found."""
        line = line_of(self.text, keys)
        return f"{self.file}:{line}" if line else str(self.file)


def read(file: Path) -> Document:
    """Read and parse one file.

    Raises  FileNotFoundError when there is none; ConfigurationError, with the line, when it cannot be read.
    """
    try:
        text = file.read_bytes().decode()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(str(file)) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{file}:{line}: not UTF-8, which TOML is written in ({error.reason})") from error
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror}") from error
    try:
        return Document(file, text, tomllib.loads(text))
    except RecursionError as error:
        raise ConfigurationError(f"{file}: not TOML that linod can read: nested too deep") from error
    except ValueError as error:  # TOMLDecodeError is one, and so is a number with more than 4,300 digits
        raise ConfigurationError(_syntax(file, text, error)) from error


def _syntax(file: Path, text: str, error: ValueError) -> str:
    """The parser's "REASON (at line 3, column 5)" or "REASON (at end of document)" with file and line in front."""
    reason, _, place = str(error).rpartition(" (at ")
    if not reason:
        return f"{file}: not TOML: {error}"
    if place.startswith("line "):
        return f"{file}:{place.removeprefix('line ').split(',')[0]}: not TOML: {reason}"
    return f"{file}:{text.rstrip().count(chr(10)) + 1}: not TOML: {reason} at the end of the file"


def line_of(text: str, keys: tuple[str, ...]) -> int | None:
    """The line where the statement begins that gives a key its value; None if there is none.

    TOML has too many ways to write one key (quoted, dotted, in a table, in braces) for a search by text. So the
    parser is asked: of the beginnings of the file that are TOML, the first one with the key ends with the
    statement, and the last one without it ends just before.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    before = 0
    for count in range(1, len(lines) + 1):
        try:
            values = tomllib.loads("\n".join(lines[:count]))
        except (ValueError, RecursionError):
            continue  # ends inside a statement
        if _has(values, keys):
            return before + 1
        before = count
    return None


def _has(values: object, keys: tuple[str, ...]) -> bool:
    for key in keys:
        if not isinstance(values, Mapping) or key not in values:
            return False
        values = values[key]
    return True
