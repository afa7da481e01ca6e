"""What `linod` understands: the daemon of one site, in the foreground, and two helpers that do not stay."""

from typing import Optional

import typer

from linod.cli.given import Given, check_site, prepare_site, run_daemon, run_one_task

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain text, also where rich happens to be installed
    context_settings={"help_option_names": ["-h", "--help"]},
)

Text = Optional[str]  # noqa: UP045 - typer 0.7 (Debian 12) does not know `str | None`
Number = Optional[int]  # noqa: UP045

SETTINGS = typer.Option(
    None,
    "--settings",
    metavar="FILE|PACKAGE",
    help="The site's TOML file, or a dotted Python package that holds linod.toml. The package is not imported.",
)
SITE = typer.Option(
    None,
    "--site",
    metavar="NAME",
    help="The site configured by /etc/linod/NAME.toml. Else LINOD_SITE names it, else ./linod.toml is used (but never "
    "by root), else the site is 'linod', which needs no file.",
)
PYTHONPATH = typer.Option(
    [],
    "--pythonpath",
    metavar="DIR",
    help="A directory to add to the Python path, for --settings and for plugins. May be repeated.",
)
VERBOSITY = typer.Option(
    None,
    "-v",
    "--verbosity",
    metavar="{0,1,2,3}",
    min=0,
    max=3,
    show_default=False,
    help="What the daemon logs of itself: 0 warnings and errors, 1 as configured (default: INFO), 2 INFO at least, "
    "3 DEBUG. LINO_LOGLEVEL wins over it.",
)
TRACEBACK = typer.Option(False, "--traceback", help="Show the full stack trace of an error.")
NO_COLOR = typer.Option(False, "--no-color", help="Don't colorize the output.")
FORCE_COLOR = typer.Option(False, "--force-color", help="Colorize the output even if it is no terminal.")
TASK = typer.Argument(..., metavar="TASK", help="Name, id, #number, kind#number or kind:id.")
LOG_LEVEL = typer.Option(
    None, "--log-level", metavar="LEVEL", help="Logging level for this run only.", show_default=False
)
SKIP_CHECKS = typer.Option(
    False, "--skip-checks", help="Skip the warnings about settings and plugins. What is an error stays one."
)


def clear(given: Given) -> Given:
    """`given`, unless it contradicts itself."""
    if given.no_color and given.force_color:
        raise typer.BadParameter("--no-color and --force-color cannot be used together")
    return given


def print_version(wanted: bool) -> None:
    """The callback of `--version`."""
    if wanted:
        from linod import __version__

        typer.echo(f"linod {__version__}")
        raise typer.Exit()


VERSION = typer.Option(
    False, "--version", callback=print_version, is_eager=True, help="Show the program's version number and exit."
)


@app.callback(invoke_without_command=True)
def start(
    ctx: typer.Context,
    settings: Text = SETTINGS,
    site: Text = SITE,
    pythonpath: list[str] = PYTHONPATH,
    verbosity: Number = VERBOSITY,
    traceback: bool = TRACEBACK,
    no_color: bool = NO_COLOR,
    force_color: bool = FORCE_COLOR,
    skip_checks: bool = SKIP_CHECKS,
    version: bool = VERSION,
) -> None:
    """Run the background tasks of a site until SIGTERM or Ctrl-C.

    Without a command, linod stays in the foreground and runs each task when it is due. Operate it with linod-ctl.

    Root becomes the owner of the site's state directory first, or the user linod when /var/lib/linod has none yet.

    Exit codes: 0 stopped as asked, 1 error, 2 usage, 78 the configuration is wrong.
    """
    ctx.obj = Given(settings, site, tuple(pythonpath), verbosity, traceback, no_color, force_color, skip_checks)
    if ctx.invoked_subcommand is None:
        run_daemon(clear(ctx.obj))


@app.command()
def check(
    ctx: typer.Context,
    settings: Text = SETTINGS,
    site: Text = SITE,
    pythonpath: list[str] = PYTHONPATH,
    verbosity: Number = VERBOSITY,
    traceback: bool = TRACEBACK,
    no_color: bool = NO_COLOR,
    force_color: bool = FORCE_COLOR,
    skip_checks: bool = SKIP_CHECKS,
) -> None:
    """Check settings, plugins, database and tasks without starting.

    The database is opened read-only, and nothing is created. When the next start would change its tables, this says so.
    """
    behind = Given(settings, site, tuple(pythonpath), verbosity, traceback, no_color, force_color, skip_checks)
    check_site(clear(behind.over(ctx.obj)))


@app.command()
def prep(
    ctx: typer.Context,
    loops: int = typer.Option(1, "--loops", metavar="N", min=1, help="How often to run the loop."),
    settings: Text = SETTINGS,
    site: Text = SITE,
    pythonpath: list[str] = PYTHONPATH,
    verbosity: Number = VERBOSITY,
    traceback: bool = TRACEBACK,
    no_color: bool = NO_COLOR,
    force_color: bool = FORCE_COLOR,
    skip_checks: bool = SKIP_CHECKS,
) -> None:
    """Make the database and its rows, run the loop once, and stop.

    Procedures that are registered with during_initdb=False are left out.
    """
    behind = Given(settings, site, tuple(pythonpath), verbosity, traceback, no_color, force_color, skip_checks)
    prepare_site(clear(behind.over(ctx.obj)), loops)


@app.command()
def run(
    ctx: typer.Context,
    task: str = TASK,
    log_level: Text = LOG_LEVEL,
    settings: Text = SETTINGS,
    site: Text = SITE,
    pythonpath: list[str] = PYTHONPATH,
    verbosity: Number = VERBOSITY,
    traceback: bool = TRACEBACK,
    no_color: bool = NO_COLOR,
    force_color: bool = FORCE_COLOR,
    skip_checks: bool = SKIP_CHECKS,
) -> None:
    """Run one task in this terminal, while no linod serves the site.

    For debuggers: breakpoint() works in the procedure. Its job is a row of the ledger, and its outcome the exit code.
    """
    behind = Given(settings, site, tuple(pythonpath), verbosity, traceback, no_color, force_color, skip_checks)
    run_one_task(clear(behind.over(ctx.obj)), task, log_level or None)
