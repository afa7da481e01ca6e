"""Make the completion files of both programs for bash, zsh and fish: packaging/completion.py [DIRECTORY].

From the declarations of commands and options, the columns and their values: a test compares what this makes with
what lies in packaging/completion.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from linod.cli.grammar import Command, Option, Program, linod, linod_ctl
from linod.jobs import State
from linod.lists import Status
from linod.loglevels import LogLevel
from linod.models import OPERABLE, USER_COLUMNS

PROGRAMS = (linod(), linod_ctl())
HERE = Path(__file__).parent
TEMPLATES = HERE / "completion.in"

NAMES = ("tasks", "procedures", "users", "sites")
"""What `linod-ctl complete` is asked for."""

WORDS = {
    "levels": [level.name for level in LogLevel],
    "outcomes": [state.value for state in State],
    "moments": ["today", "yesterday", "-1h", "-1d"],
    "statuses": [status.value for status in Status],
    "verbosity": ["0", "1", "2", "3"],
}

VALUES = {
    "--site": "sites",
    "--settings": "files",
    "--pythonpath": "directories",
    "--verbosity": "verbosity",
    "--outcome": "outcomes",
    "--status": "statuses",
    "--procedure": "procedures",
    "--class": "",
    "--log-level": "levels",
    "--loops": "",
    "--job": "",
    "--number": "",
    "--since": "moments",
    "--until": "moments",
    "--before": "",
    "--lines": "",
    "--from": "",
    "--hours": "",
    "--name": "",
    "--language": "",
    "--time-zone": "",
}
"""What the value of an option is: one of NAMES or WORDS, files, directories, or "" for what nobody can guess."""

ARGUMENTS = {
    "pattern": "tasks",
    "task": "tasks",
    "job": "job number",
    "tasks": "tasks",
    "procedure": "procedures",
    "values": "columns",
    "user": "users",
    "username": "new name",
    "user_values": "user columns",
}

USER_WORDS = [f"{name}=" for name in USER_COLUMNS]


def column_values() -> dict[str, list[str]]:
    """The values of the columns that have only some."""
    found: dict[str, list[str]] = {}
    for name, column in OPERABLE.items():
        if column.takes.startswith("one of "):
            found[name] = column.takes.removeprefix("one of ").split(", ")
        elif column.takes == "yes or no":
            found[name] = ["yes", "no"]
    return found


def kinds(command: Command) -> list[tuple[str, str]]:
    """What the arguments of a command are: ("first", "tasks"), ("rest", "columns"), ("any", "tasks")."""
    found = [ARGUMENTS[name] for name in command.arguments]
    if len(found) == 1:
        return [("any" if command.many else "first", found[0])]
    return list(zip(("first", "rest"), found, strict=False))


def own(command: Command, program: Program) -> list[Option]:
    """The options of a command that are not the program's."""
    shared = {option.flags for option in program.options}
    return [option for option in command.options if option.flags not in shared]


def everywhere(program: Program) -> dict[tuple[str, ...], Option]:
    """All options of a program and its commands, each once."""
    found = [*program.options, *(option for command in program.commands for option in command.options)]
    return {option.flags: option for option in found}


def valued(program: Program) -> list[str]:
    """The flags behind which a value stands."""
    options = [option for option in everywhere(program).values() if option.takes]
    return list(dict.fromkeys(flag for option in options for flag in option.flags))


def indented(found: Iterable[str], indent: int) -> str:
    return "\n".join(" " * indent + line for line in found)


# bash


COLUMN, PREFIX = '"$column="', '"$prefix"'
"""What stands in front of a value."""


def bash(program: Program, function: str) -> dict[str, str]:
    """What the template for bash leaves open."""

    def words(values: Iterable[str], prefix: str = "''") -> str:
        return f"{function}_offer {prefix} < <({function}_words {' '.join(values)})"

    def action(kind: str, prefix: str = "''") -> str:
        if kind in NAMES:
            return f"{function}_offer {prefix} < <({function}_ask {kind})"
        if kind == "outcomes":
            return f"{function}_list {prefix} {' '.join(WORDS[kind])}"
        if kind in WORDS:
            return words(WORDS[kind], prefix)
        if kind == "user columns":
            return f"compopt -o nospace; {words(USER_WORDS)}"
        known = {"columns": f"{function}_columns", "files": "compopt -o default", "directories": "compopt -o dirnames"}
        return known.get(kind, ":")

    def flags() -> Iterator[str]:
        for command in program.commands:
            if found := own(command, program):
                yield f"{command.name}) {words(flag for option in found for flag in option.flags)} ;;"

    def arguments() -> Iterator[str]:
        for command in program.commands:
            for place, kind in kinds(command):
                yield f"{command.name}:{'0' if place == 'first' else '*'}) {action(kind)} ;;"

    def values() -> Iterator[str]:
        for name, found in column_values().items():
            yield f"{name}) {words(found, COLUMN)} ;;"

    def options() -> Iterator[str]:
        for option in everywhere(program).values():
            if option.takes and VALUES[option.flags[0]]:
                yield f"{' | '.join(option.flags)}) {action(VALUES[option.flags[0]], PREFIX)} ;;"

    return {
        "VALUED": " | ".join(valued(program)),
        "COLUMNS": " ".join(f"{name}=" for name in OPERABLE),
        "VALUES": indented(values(), 4),
        "OPTIONS": indented(options(), 4),
        "FLAGS": indented(flags(), 8),
        "SHARED": " ".join(flag for option in program.options for flag in option.flags),
        "COMMANDS": " ".join(command.name for command in program.commands),
        "ARGUMENTS": indented(arguments(), 8),
    }


# zsh


def zsh(program: Program, function: str) -> dict[str, str]:
    """What the template for zsh leaves open."""

    def action(kind: str) -> str:
        if kind == "columns":
            return f"{function}_columns"
        if kind == "user columns":
            return f"{{compadd -S '' - {' '.join(USER_WORDS)}}}"
        if kind in NAMES:
            return f"{{{function}_ask {kind}}}"
        if kind == "outcomes":
            return f"{{_values -s , outcome {' '.join(WORDS[kind])}}}"
        known = {"files": "_files", "directories": "_files -/", "new name": " ", "job number": " ", "": " "}
        return known.get(kind) or f"({' '.join(WORDS[kind])})"

    def specs(options: Iterable[Option]) -> Iterator[str]:
        for option in options:
            about = re.sub(r"([\[\]:])", r"\\\1", option.about.split(". ")[0].rstrip("."))
            others = "*" if "repeated" in option.about else f"({' '.join(option.flags)})"
            for flag in option.flags:
                sign = "" if not option.takes else "=" if flag.startswith("--") else "+"
                value = f":{option.takes.split(',')[0].lower()}:{action(VALUES[option.flags[0]])}" if sign else ""
                yield quoted(f"{others}{flag}{sign}[{about}]{value}")

    def arguments() -> Iterator[str]:
        for command in program.commands:
            found = [*specs(own(command, program))]
            for place, kind in kinds(command):
                found.append(quoted(f"{'1' if place == 'first' else '*'}:{kind.removesuffix('s')}:{action(kind)}"))
            yield f"({command.name}) {' '.join(['_arguments -S $global', *found])} && ret=0 ;;"

    return {
        "COLUMNS": " ".join(OPERABLE),
        "VALUES": indented(
            (
                f"{name}=) _wanted values expl value compadd - {' '.join(values)} ;;"
                for name, values in column_values().items()
            ),
            8,
        ),
        "COMMANDS": indented((quoted(f"{one.name}:{one.about.rstrip('.')}") for one in program.commands), 8),
        "GLOBAL": indented(specs(program.options), 8),
        "ARGUMENTS": indented(arguments(), 8),
    }


def quoted(text: str) -> str:
    """In single quotes, as bash and zsh take it."""
    return "'" + text.replace("'", "'\\''") + "'"


# fish


def fish(program: Program, function: str) -> dict[str, str]:
    """What the template for fish leaves open."""

    def action(kind: str) -> str:
        if kind in NAMES:
            return f"-x -a '({function}_ask {kind})'"
        if kind == "user columns":
            return f"-x -a '{' '.join(USER_WORDS)}'"
        if kind == "outcomes":
            return f"-x -a '(__fish_append , {' '.join(WORDS[kind])})'"
        known = {
            "columns": f"-x -a '({function}_columns)'",
            "files": "-r -F",
            "directories": "-x -a '(__fish_complete_directories)'",
            "new name": "-x",
            "job number": "-x",
            "": "-x",
        }
        return known.get(kind) or f"-x -a '{' '.join(WORDS[kind])}'"

    def options(found: Iterable[Option], condition: str = "") -> Iterator[str]:
        for option in found:
            names = " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags)
            value = f" {action(VALUES[option.flags[0]])}" if option.takes else ""
            about = option.about.split(". ")[0].rstrip(".").replace("\\", "\\\\").replace("'", "\\'")
            yield f"complete -c {program.name}{condition} {names}{value} -d '{about}'"

    def commands() -> Iterator[str]:
        for command in program.commands:
            about = command.about.rstrip(".").replace("'", "\\'")
            yield f"complete -c {program.name} -n 'test (count ({function}_words)) = 0' -a {command.name} -d '{about}'"
        for command in program.commands:
            yield from options(own(command, program), f" -n '{function}_at {command.name} any'")
            for place, kind in kinds(command):
                yield f"complete -c {program.name} -n '{function}_at {command.name} {place}' {action(kind)}"

    return {
        "VALUED": " ".join(valued(program)),
        "COLUMNS": " ".join(f"{name}=" for name in OPERABLE),
        "VALUES": indented(
            (
                line
                for name, values in column_values().items()
                for line in (f"case '{name}=*'", f"    printf '%s\\n' {name}={{{','.join(values)}}}")
            ),
            8,
        ),
        "COMPLETE": "\n".join([*options(program.options), *commands()]),
    }


def made() -> Iterator[tuple[str, str]]:
    """Name and text of each file."""
    for program in PROGRAMS:
        word = program.name.replace("-", "_")
        for shell, make, name, function in (
            ("bash", bash, f"{program.name}.bash", f"_{word}"),
            ("zsh", zsh, f"_{program.name}", f"_{word}"),
            ("fish", fish, f"{program.name}.fish", f"__{word}"),
        ):
            text = (TEMPLATES / shell).read_text()
            parts = {"PROGRAM": program.name, "F": function, **make(program, function)}
            yield name, without_unused(filled(text, parts))


def filled(text: str, parts: Mapping[str, str]) -> str:
    for part, value in parts.items():
        text = text.replace(f"@{part}@", value)
    return text


def without_unused(text: str) -> str:
    """Without the functions that nothing calls: `linod` has no columns."""
    for match in list(re.finditer(r"(?ms)^# [^\n]*\n(?:function )?(\w+)(?:\(\) \{)?\n.*?^(?:\}|end)\n\n", text)):
        if len(re.findall(rf"\b{match[1]}\b", text)) == 1:
            text = text.replace(match[0], "")
    return text


if __name__ == "__main__":
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "completion"
    for name, text in made():
        (directory / name).write_text(text)
