"""The terminal sessions of a page: blocks of `console` with what is typed and what is then seen, run as they stand.

    .. code-block:: console
       :caption: Terminal 1

       $ linod --settings linod.demo.chatter
       Start task runner using <Logger lino (INFO)>...
       ^C
       ...
       Done

A line with `$` starts a command, which goes on in lines with `>`, and must have ended before the next in its terminal:
well, or by the `^C` that was typed. It runs in the directory of the site that it names, or that was named last. A line
`...` stands for any lines, and `...` within a line for any text, so for what time and other tasks decide.
"""

import re
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.demo.terminal import Terminal

BLOCK = re.compile(r"(?m)^\.\. code-block:: console\n   :caption: (.+)\n\n((?:   .*\n|\n)+)")
DOTS = "..."


class Screen(NamedTuple):
    """What one block shows of one terminal."""

    terminal: str
    lines: tuple[str, ...]


def screens(text: str) -> Iterator[Screen]:
    """The blocks of a page, in their order."""
    for caption, body in BLOCK.findall(text):
        yield Screen(caption, tuple(line[3:] for line in body.rstrip().splitlines()))


def pattern(lines: list[str]) -> str:
    """A regular expression for the lines that a command has printed so far."""
    return "".join("(?:.*\n)*?" if line == DOTS else f"{_words(line)}\n" for line in lines)


def _words(line: str) -> str:
    """Three dots behind a word are linod's own: only those that stand alone are anything."""
    return ".*?".join(re.escape(part) for part in re.split(r"(?<![^ (/])\.\.\.", line))


def _with_continuations(lines: tuple[str, ...]) -> Iterator[str]:
    """The lines, but those of one command joined."""
    command = ""
    for line in lines:
        if command and (line == ">" or line.startswith("> ")):
            command += "\n" + line[2:]
            continue
        if command:
            yield command
        command = line if line.startswith("$ ") else ""
        if not command:
            yield line
    if command:
        yield command


def _of_site(place: Path) -> dict[str, str]:
    own = {
        "STATE_DIRECTORY": "state",
        "RUNTIME_DIRECTORY": "run",
        "LINOD_DEMO_DIR": "data",
        "LINOD_CONTROL": "run/control",
    }
    return {key: str(place / name) for key, name in own.items()}


class Stage:
    """Terminals by name, as they stand while a page is read.

    directory  where the sites keep their data, one directory each.
    environ    for all commands; what says where a site is comes from the command's `--settings` or `--site`.
    """

    def __init__(self, directory: Path, environ: Mapping[str, str]) -> None:
        self._directory = directory
        self._environ = environ
        self._site = ""
        self._interrupted: set[str] = set()
        self._terminals: dict[str, Terminal] = {}
        self._shown: dict[str, list[str]] = {}

    def play(self, screen: Screen) -> None:
        """Type what a block has typed, and wait for what it shows. Raises AssertionError when that does not come."""
        for line in _with_continuations(screen.lines):
            if line.startswith("$ "):
                self._start(screen.terminal, line[2:])
            elif line == "^C":
                self._see(screen.terminal)
                self._terminals[screen.terminal].signal_group(signal.SIGINT)
                self._interrupted.add(screen.terminal)
            else:
                self._shown[screen.terminal].append(line)
        self._see(screen.terminal)

    def _start(self, name: str, command: str) -> None:
        if name in self._terminals:
            self._end(name)
        self._shown[name] = []
        place = self._place(command)
        place.mkdir(exist_ok=True)
        environ = {**self._environ, "PLACE": str(place), **_of_site(place)}
        self._terminals[name] = Terminal(["/bin/sh", "-c", f'cd "$PLACE" && exec env {command}'], environ)

    def _place(self, command: str) -> Path:
        found = re.search(r"--site (\S+)|linod\.demo\.(cms|chatter)\b|linod\.(demo)\b", command)
        self._site = found[found.lastindex or 0] if found else self._site
        assert self._site, f"which site is meant by {command!r}?"
        return self._directory / self._site

    def _see(self, name: str) -> None:
        self._terminals[name].wait_for_match(rf"\A{pattern(self._shown[name])}", 0)

    def _end(self, name: str) -> None:
        terminal = self._terminals.pop(name)
        code = terminal.wait_end()
        assert code == 0 or (code == -signal.SIGINT and name in self._interrupted), terminal.text
        self._interrupted.discard(name)
        assert re.fullmatch(pattern(self._shown[name]), terminal.text), terminal.text
        terminal.close()

    def end(self) -> None:
        """Wait for the end of what was started last: a page leaves no program running."""
        for name in list(self._terminals):
            self._end(name)

    def close(self) -> None:
        """End what a failed test left."""
        for terminal in self._terminals.values():
            terminal.close()
