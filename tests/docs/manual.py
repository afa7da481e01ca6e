"""The sources of the manual pages, taken apart, and what the programs have that they must describe."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import linod
from linod import errors
from linod.cli import grammar
from linod.cli.ctl.session import INTERRUPTED
from linod.control import client
from linod.errors import LinodError
from linod.jobs import EXIT_CODES
from tests.docs.pages import ROOT

SOURCES = ROOT / "docs" / "man"
LINOD, CTL, TOML = (SOURCES / f"{name}.rst" for name in ("linod.8", "linod-ctl.1", "linod.toml.5"))


@dataclass(frozen=True)
class Page:
    """One page.

    options   program or command ("linod-ctl log") -> each flag with the name of its value: "--job N".
    sections  heading -> text, sections within sections too.
    """

    options: dict[str, set[str]]
    sections: dict[str, str]

    def terms(self, section: str) -> dict[str, str]:
        """What a section defines: each word in double backquotes of a line that stands above an indented text."""
        found: dict[str, str] = {}
        for head, body in re.findall(r"(?m)^(\S.*)\n(    .*\n(?:(?:    .*)?\n)*)", self.sections[section] + "\n"):
            found |= dict.fromkeys(re.findall(r"``([^`]+)``", head), body)
        return found


def page(text: str) -> Page:
    """A page from its source."""
    options: dict[str, set[str]] = {}
    program = ""
    for kind, words in re.findall(r"(?m)^\.\. (program|option):: (.*)$", text):
        if kind == "program":
            program = words
        else:
            options.setdefault(program, set()).update(words.split(", ") if ",..." not in words else [words])
    parts = re.split(r"(?m)^(.+)\n([=~-])\2{3,}\n", text)
    return Page(options, dict(zip(parts[1::3], parts[3::3], strict=True)))


def read(source: Path) -> Page:
    return page(source.read_text())


def undescribed_options(program: grammar.Program, described: Page) -> list[str]:
    """Options of a program that its page does not have, and options of the page that the program does not have.

    What all commands of a program share is described once, with the program.
    """
    shared = {option.flags: option for option in program.options}
    wanted = {program.name: _spelt(program.options)}
    for command in program.commands:
        own = tuple(option for option in command.options if shared.get(option.flags) != option)
        if own:
            wanted[f"{program.name} {command.name}"] = _spelt(own)
    return [
        f"{name} {flag}"
        for name in sorted({*wanted, *described.options})
        for flag in sorted(wanted.get(name, set()) ^ described.options.get(name, set()))
    ]


def _spelt(options: tuple[grammar.Option, ...]) -> set[str]:
    return {f"{flag} {option.takes}".strip() for option in options for flag in option.flags}


def undescribed_commands(program: grammar.Program, described: Page) -> list[str]:
    """Commands that no heading of a page is for, with their arguments as the page spells them."""
    headings = {line.split(",")[0].replace("*", "") for line in described.sections}
    words = {
        "pattern": "[PATTERN]",
        "task": "TASK",
        "job": "JOB",
        "tasks": "TASK ...",
        "procedure": "PROCEDURE",
        "values": "COLUMN=VALUE ...",
        "username": "NAME",
        "user": "NAME",
        "user_values": "COLUMN=VALUE ...",
    }
    found = []
    for command in program.commands:
        spelt = " ".join([command.name, *(words[name] for name in command.arguments)])
        if (
            not {spelt, spelt.replace("TASK", "[TASK]"), spelt.replace("COLUMN=VALUE ...", "[COLUMN=VALUE ...]")}
            & headings
        ):
            found.append(spelt)
    return found


def exit_codes() -> set[int]:
    """Every code of an error, an outcome or Ctrl-C; and that of a wrong command line, which Typer gives."""
    classes = [one for module in (errors, client) for one in vars(module).values() if isinstance(one, type)]
    raised = {one.exit_code for one in classes if issubclass(one, LinodError)}
    return {0, 2, INTERRUPTED, *raised, *EXIT_CODES.values(), *client._EXIT_CODES.values()}


def environment() -> set[str]:
    """Every variable of the environment that linod reads, in any of its modules but the demo's."""
    root = Path(linod.__file__).parent
    files = [path for path in root.rglob("*.py") if path.relative_to(root).parts[0] != "demo"]
    return {name for path in files for name in _read_by(ast.parse(path.read_text()))} - {"_"}


def _read_by(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=where, attr="get"), args=[ast.Constant(value=str(name)), *_]):
                pass
            case ast.Subscript(value=where, slice=ast.Constant(value=str(name))):
                pass
            case ast.Compare(left=ast.Constant(value=str(name)), ops=[ast.In() | ast.NotIn()], comparators=[where]):
                pass
            case _:
                continue
        if ast.unparse(where).endswith("environ"):
            yield name
