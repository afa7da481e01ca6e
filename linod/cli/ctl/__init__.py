"""The command `linod-ctl`: operate linod from a terminal.

Typer builds a parser for every command it is told of, and the newest one takes about 10 ms for ten of them; so only the
commands whose names stand on the command line are registered, and all of them only for `--help`. Completion is asked
for without typer.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

    from linod.cli.ctl.session import Session

COMMANDS = {
    "status": ("status", "status"),
    "list": ("tasks", "list_tasks"),
    "show": ("tasks", "show"),
    "preview": ("preview", "preview"),
    "calendar": ("preview", "calendar"),
    "run-now": ("run", "run_now"),
    "cancel-run": ("run", "cancel_run"),
    "enable": ("change", "enable"),
    "disable": ("change", "disable"),
    "kill": ("run", "kill"),
    "jobs": ("history", "jobs"),
    "show-job": ("showjob", "show_job"),
    "log": ("history", "log"),
    "changes": ("changes", "changes"),
    "procedures": ("tasks", "procedures"),
    "kinds": ("tasks", "kinds"),
    "log-levels": ("tasks", "log_levels"),
    "set": ("change", "set_columns"),
    "add": ("change", "add"),
    "remove": ("change", "remove"),
    "move-up": ("order", "move_up"),
    "move-down": ("order", "move_down"),
    "duplicate": ("order", "duplicate"),
    "users": ("users", "users"),
    "add-user": ("users", "add_user"),
    "set-user": ("users", "set_user"),
    "reload": ("reload", "reload"),
}
"""Command -> module of this package, and function."""

FLAGS = ("--json", "--no-color")


def main() -> None:
    """The entry point of the command."""
    if sys.argv[1:2] == ["complete"]:
        from linod.cli import complete

        complete.main(sys.argv[2:])
    else:
        _operate()


def _operate() -> None:
    import signal

    from linod.cli.ctl.session import INTERRUPTED, Session
    from linod.errors import LinodError

    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` has what it wants: end as every filter does, silently
    arguments = hoisted(sys.argv[1:])
    session = Session.unset()
    try:
        build(arguments, session)(arguments)
    except LinodError as error:
        sys.exit(session.fail(error))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def build(arguments: list[str], session: "Session") -> "typer.Typer":
    """The Typer application with the commands that `arguments` name, or with all when they name none."""
    import typer

    app = typer.Typer(
        help="Operate linod. Global options may also stand behind the command.",
        epilog="Exit codes: 0 done, 1 error, 2 usage, 3 linod is stopped, 4 no such task, 77 not permitted, "
        "78 configuration. `run-now --wait`: 10 failed, 11 timed out, 12 out of memory, 13 cancelled, "
        "14 interrupted, 15 skipped.",
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(session.options)
    named = [word for word in arguments if word in COMMANDS]
    for name in named or COMMANDS:
        module, function = COMMANDS[name]
        app.command(name)(getattr(import_module(f"linod.cli.ctl.{module}"), function))
    return app


def hoisted(arguments: list[str]) -> list[str]:
    """The same with global options first: `linod-ctl list --json` is what people type."""
    first: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            return [*first, *rest, word, *words]
        if word in FLAGS or word.startswith("--site="):
            first.append(word)
        elif word == "--site":
            first += [word, *([value] if (value := next(words, None)) is not None else [])]
        else:
            rest.append(word)
    return first + rest
