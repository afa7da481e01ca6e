"""Which writer is chosen, and the lines on standard error."""

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest

from linod.journal import Entry, open_writer, printable
from linod.journal.writers import JournalWriter, StderrWriter

FLOODS = Path(__file__).parent / "programs" / "floods.py"


def written(level: int, text: str, *, colored: bool = False, prefixed: bool = False) -> str:
    """What a StderrWriter makes of a record."""
    reader, writer = os.pipe()
    with os.fdopen(reader) as output:
        StderrWriter(writer, colored=colored, prefixed=prefixed).write(Entry(level, text, None, {}, False))
        os.close(writer)
        return output.read()


@contextmanager
def terminal() -> Iterator[TextIO]:
    """A stream to a terminal."""
    master, slave = os.openpty()
    with os.fdopen(master, "rb"), os.fdopen(slave, "w") as stream:
        yield stream


def test_debug_and_info_are_the_bare_text() -> None:
    assert written(logging.DEBUG, "Start next task runner loop.") == "Start next task runner loop.\n"
    assert written(logging.INFO, "Done") == "Done\n"


def test_from_warning_on_the_level_stands_before_the_text() -> None:
    assert written(logging.WARNING, "text") == "WARNING: text\n"
    assert written(logging.CRITICAL, "two\nlines\n") == "CRITICAL: two\nlines\n"


def test_colours_go_by_level_and_info_has_none() -> None:
    assert written(logging.INFO, "text", colored=True) == "text\n"
    assert written(logging.WARNING, "text", colored=True) == "\x1b[33mWARNING: text\x1b[0m\n"
    assert written(logging.DEBUG, "text", colored=True) == "\x1b[2mtext\x1b[0m\n"


def test_lines_for_journald_say_their_level() -> None:
    assert written(logging.ERROR, "two\nlines", prefixed=True) == "<3>ERROR: two\n<3>lines\n"


def test_a_procedure_cannot_speak_to_the_terminal() -> None:
    assert written(logging.INFO, "a\x1b]0;title\x07\x9b2J\rb \udcff") == "a\\x1b]0;title\\x07\\x9b2J\\x0db \\udcff\n"


@pytest.mark.parametrize("text", ["", "plain", "tab\tand ünïcode", "no\nend"])
def test_a_text_that_can_be_printed_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_standard_error_that_is_broken_is_an_oserror() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        StderrWriter(writer).write(Entry(logging.INFO, "text", None, {}, False))
    os.close(writer)
    with pytest.raises(OSError, match="no standard error"):
        open_writer({}, None, color=None, site="demo").write(Entry(logging.INFO, "text", None, {}, False))


def test_a_pipe_that_somebody_made_non_blocking_gets_everything() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    text = "x" * 1_000_000
    thread = threading.Thread(target=StderrWriter(writer).write, args=[Entry(logging.INFO, text, None, {}, False)])
    thread.start()
    with os.fdopen(reader) as output:
        assert output.read(1_000_001) == text + "\n"
    thread.join()
    os.close(writer)


def test_colours_are_for_terminals_unless_told_otherwise(capfd: pytest.CaptureFixture[str]) -> None:
    def colors(stream: TextIO, environ: dict[str, str], color: bool | None) -> bool:
        writer = open_writer(environ, stream, color=color, site="demo")
        assert isinstance(writer, StderrWriter)
        return writer.colored

    with terminal() as stream:
        assert colors(stream, {"TERM": "xterm"}, None)
        assert not colors(stream, {"TERM": "dumb"}, None)
        assert not colors(stream, {"TERM": "xterm", "NO_COLOR": "1"}, None)
        assert not colors(stream, {"TERM": "xterm"}, False)
    assert not colors(sys.stderr, {}, None)
    assert colors(sys.stderr, {"NO_COLOR": "1"}, True)


def test_the_journal_is_chosen_when_standard_error_is_the_journal(tmp_path: Path) -> None:
    with (tmp_path / "stderr").open("w") as stderr:
        found = os.fstat(stderr.fileno())
        ours, other = f"{found.st_dev}:{found.st_ino}", f"{found.st_dev}:{found.st_ino + 1}"

        assert isinstance(open_writer({"JOURNAL_STREAM": ours}, stderr, color=None, site="demo"), JournalWriter)
        # A shell that a service started, with its output redirected: the variable is there, but means another stream.
        assert isinstance(open_writer({"JOURNAL_STREAM": other}, stderr, color=None, site="demo"), StderrWriter)
        assert isinstance(open_writer({}, stderr, color=None, site="demo"), StderrWriter)
    assert isinstance(open_writer({"JOURNAL_STREAM": ours}, stderr, color=None, site="demo"), StderrWriter)  # closed


def test_a_pipe_that_nobody_reads_holds_nobody_up_and_the_process_ends() -> None:
    process = subprocess.Popen([sys.executable, FLOODS], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    said = json.loads(process.stdout.read())

    assert process.wait(20) == 0  # not the abort of a Python that cannot flush its standard error
    assert not said["closed"]
    assert said["jobs_lost"] > 0 and said["own_lost"] == 0
    process.stdout.close()
    process.stderr.close()
