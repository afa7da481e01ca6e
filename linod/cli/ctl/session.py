"""One invocation of `linod-ctl`: which site, how to print, and what to say when something is wrong."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from linod import __version__
from linod.cli.ctl.terminal import paint
from linod.control.client import OTHER_VERSION as OTHER_VERSION_ERRORS
from linod.control.client import CallFailed, Client, Reply, Stopped, connect, other_version
from linod.errors import LinodError, NotPermitted
from linod.settings.sites import DEFAULT_SITE, control_path, named_site
from linod.tables.render import safe

INTERRUPTED = 130
"""Exit code after Ctrl-C, as a shell has it: 128 + SIGINT. Said here, because typer 0.7 makes 1 of it."""

LISTS = {"NoSuchTask": "list", "NoSuchProcedure": "procedures", "NoSuchJob": "jobs", "NoSuchUser": "users"}
"""What shows the things of which one was named that does not exist."""


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"linod-ctl {__version__}")
        raise typer.Exit


class Session:
    """What the global options say; every command gets it as `ctx.obj`."""

    def __init__(self, site: str | None, as_json: bool, color: bool) -> None:
        self.site = site
        self.as_json = as_json
        self.color = color

    @classmethod
    def unset(cls) -> "Session":
        """Before the options are read."""
        return cls(None, False, _may_color())

    def options(
        self,
        ctx: typer.Context,
        site: str = typer.Option(
            "", metavar="NAME", help="Site; else $LINOD_SITE, ./linod.toml, or linod.", show_default=False
        ),
        as_json: bool = typer.Option(False, "--json", help="Print JSON for programs; moments are in UTC."),
        no_color: bool = typer.Option(False, "--no-color", help="No colours; also with $NO_COLOR."),
        version: bool = typer.Option(
            False, "--version", help="Print the version and end.", is_eager=True, callback=_print_version
        ),
    ) -> None:
        ctx.obj = self
        self.site = site or None
        self.as_json = as_json
        self.color = self.color and not no_color

    # asking

    @contextmanager
    def client(self, *, wake: bool) -> Iterator[Client]:
        """A connection to the site's daemon; a stopped one is woken only for commands that act."""
        with connect(control_path(self.site, os.environ), wake=wake) as client:
            try:
                yield client
            except CallFailed as error:
                if error.full_name in OTHER_VERSION_ERRORS:
                    with connect([client.path], wake=False) as second:
                        raise self._of_other_version(error, second) from None
                raise

    def ask(self, method: str, *, wake: bool = False, **parameters: Any) -> Reply:
        """Call one method; `wake` as in `client`."""
        with self.client(wake=wake) as client:
            return client.call(method, **parameters)

    def act(self, method: str, **parameters: Any) -> Reply:
        """Call one method that changes something."""
        return self.ask(method, wake=True, **parameters)

    # saying

    def json(self, reply: object) -> None:
        """One document."""
        print(json.dumps(reply, indent=2))

    def json_line(self, reply: object) -> None:
        """One of several documents, on a line of its own and at once."""
        print(json.dumps(reply), flush=True)

    def say(self, text: str = "", style: str = "") -> None:
        print(paint(safe(text), style) if self.color and style else safe(text))

    def hint(self, text: str) -> None:
        """To standard error: it helps a person and is no part of the answer."""
        print(safe(text), file=sys.stderr)

    def command(self, words: str) -> str:
        """A command to type, for this site."""
        return f"linod-ctl --site {self.site} {words}" if self.site else f"linod-ctl {words}"

    def fail(self, error: LinodError) -> int:
        """Say what is wrong and what to do; returns the exit code."""
        if self.as_json and isinstance(error, CallFailed):
            self.json({"error": error.full_name, "parameters": error.parameters})
        if isinstance(error, Stopped):
            text = self._stopped(error)
        elif isinstance(error, NotPermitted) or error.exit_code == NotPermitted.exit_code:
            text = f"{error}: join the group linod (`sudo usermod -aG linod $USER`, then sign in anew), or use sudo"
        else:
            text = str(error)
            if isinstance(error, CallFailed) and error.name in LISTS and not error.parameters.get("near"):
                text += f"; `{self.command(LISTS[error.name])}` shows those there are"
        prefix = paint("error:", "red") if self.color and sys.stderr.isatty() else "error:"
        print(f"linod-ctl: {prefix} {safe(text)}", file=sys.stderr)
        return error.exit_code

    def _stopped(self, error: Stopped) -> str:
        name = named_site(self.site, os.environ) or DEFAULT_SITE
        if os.environ.get("LINOD_CONTROL"):
            return f"linod is not running (no daemon serves {error}, which LINOD_CONTROL names)"
        unit = "linod" if name == DEFAULT_SITE else f"linod@{name}"
        return f"linod is not running for site {name} (looked at {error}): start it with `systemctl start {unit}`"

    @staticmethod
    def _of_other_version(error: CallFailed, client: Client) -> LinodError:
        meeting = other_version(client, __version__)
        if meeting is None:
            return error
        return LinodError(
            f"{meeting}; they do not understand each other ({error}): restart linod, or use its linod-ctl"
        )


def _may_color() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def session(ctx: typer.Context) -> Session:
    """The session of a command's context."""
    found = ctx.obj
    assert isinstance(found, Session)
    return found
