"""A settings file as text: what cannot be read says where, and a key is found on its line."""

from pathlib import Path

import pytest

from linod.errors import ConfigurationError
from linod.settings.documents import line_of, read

TEXT = '''\
# max_jobs = 1
daemon_user = """
max_jobs = 2
"""
plugins = [
  "a",  # max_jobs = 3
]
"max_jobs" = 4

[host]
path = []
python = "x"
'''


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("daemon_user",), 2),
        (("plugins",), 5),
        (("max_jobs",), 8),
        (("host",), 10),
        (("host", "python"), 12),
        (("python",), None),
        (("host", "python", "x"), None),
    ],
)
def test_a_key_is_found_on_the_line_where_its_statement_begins(keys: tuple[str, ...], line: int | None) -> None:
    assert line_of(TEXT, keys) == line
    assert line_of(TEXT.replace("\n", "\r\n"), keys) == line


def test_a_dotted_key_and_a_table_in_braces_are_found_too() -> None:
    assert line_of("a = 1\nhost.python = 'x'\n", ("host", "python")) == 2
    assert line_of("a = 1\nhost = {python = 'x'}\n", ("host", "python")) == 2


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (b"a = 1\nb = \nc = 2\n", 2, "Invalid value"),
        (b"a = 1\na = 2\n", 2, "Cannot overwrite a value"),
        (b"a = 1\n\nb = [1,\n", 3, "at the end of the file"),
        (b"a = 1\nb = '\xff'\n", 2, "not UTF-8"),
        (b"max_jobs: 4\n", 1, "not TOML"),
    ],
)
def test_a_broken_file_says_the_line(tmp_path: Path, content: bytes, line: int, reason: str) -> None:
    file = tmp_path / "linod.toml"
    file.write_bytes(content)

    with pytest.raises(ConfigurationError) as caught:
        read(file)

    assert str(caught.value).startswith(f"{file}:{line}: ")
    assert reason in str(caught.value)
    assert caught.value.exit_code == 78


@pytest.mark.parametrize("content", [b"a = " + b"9" * 5000, b"a = " + b"[" * 100_000])
def test_a_file_that_breaks_the_parser_is_an_error_of_the_configuration(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "linod.toml"
    file.write_bytes(content)

    with pytest.raises(ConfigurationError, match="not TOML"):
        read(file)


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"^{tmp_path}: cannot be read: Is a directory"):
        read(tmp_path)


def test_no_file_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for missing in (tmp_path / "linod.toml", tmp_path / "file" / "linod.toml"):
        with pytest.raises(FileNotFoundError):
            read(missing)
