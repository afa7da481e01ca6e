"""The commands of both programs with their options and arguments, as plain values: read from what Typer is given.

Without a parser being built: Typer's own way to one differs between its versions.
"""

import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from typer.models import ArgumentInfo, OptionInfo

from linod.tuples import NamedTuple


class Option(NamedTuple):
    """One option.

    flags  "--number" and "-n", long ones first.
    takes  what its value is called in the help, "" for a flag without one.
    about  its help, one sentence or several.
    """

    flags: tuple[str, ...]
    takes: str
    about: str


class Command(NamedTuple):
    """One command.

    about      the first line of its help.
    arguments  its parameters by their names in the source: "task", "tasks", "procedure", "values".
    many       whether the last of them may be repeated.
    """

    name: str
    about: str
    options: tuple[Option, ...]
    arguments: tuple[str, ...]
    many: bool


class Program(NamedTuple):
    """A program: the options that stand before a command, and its commands."""

    name: str
    options: tuple[Option, ...]
    commands: tuple[Command, ...]


HELP = Option(("--help", "-h"), "", "Show this message and exit.")


def linod() -> Program:
    """The program `linod`."""
    from linod.cli.commands import app

    assert app.registered_callback is not None
    commands = [found.callback for found in app.registered_commands if found.callback is not None]
    return Program(
        "linod",
        _options(app.registered_callback.callback),
        tuple(_command(command.__name__, command) for command in commands),
    )


def linod_ctl() -> Program:
    """The program `linod-ctl`."""
    from linod.cli.ctl import COMMANDS
    from linod.cli.ctl.session import Session

    return Program(
        "linod-ctl",
        _options(Session.unset().options),
        tuple(
            _command(name, getattr(import_module(f"linod.cli.ctl.{module}"), function))
            for name, (module, function) in COMMANDS.items()
        ),
    )


def _command(name: str, function: Callable[..., Any]) -> Command:
    arguments = [parameter for parameter, found in _parameters(function) if isinstance(found.default, ArgumentInfo)]
    many = any(_is_list(found) for _, found in _parameters(function) if isinstance(found.default, ArgumentInfo))
    about = inspect.getdoc(function) or ""
    return Command(name, about.splitlines()[0], _options(function), tuple(arguments), many)


def _options(function: Callable[..., Any] | None) -> tuple[Option, ...]:
    assert function is not None
    found = [_option(name, one) for name, one in _parameters(function) if isinstance(one.default, OptionInfo)]
    return (*found, HELP)


def _option(name: str, parameter: inspect.Parameter) -> Option:
    info = parameter.default
    flags = tuple(sorted(info.param_decls or (f"--{name.replace('_', '-')}",), key=lambda flag: flag[:2] != "--"))
    takes = "" if parameter.annotation is bool else info.metavar or name.upper()
    return Option(flags, takes, info.help or "")


def _parameters(function: Callable[..., Any]) -> Iterator[tuple[str, inspect.Parameter]]:
    yield from inspect.signature(function).parameters.items()


def _is_list(parameter: inspect.Parameter) -> bool:
    return getattr(parameter.annotation, "__origin__", None) is list
