"""The options of `linod` as they were typed, and what is done with them. Without typer: see `linod.cli.linod`."""

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from linod.errors import ConfigurationError, LinodError
from linod.tuples import NamedTuple

if TYPE_CHECKING:
    from linod.settings import Options, Settings


class Given(NamedTuple):
    """The options that every command of `linod` has; None is what was not given."""

    settings: str | None = None
    site: str | None = None
    pythonpath: tuple[str, ...] = ()
    verbosity: int | None = None
    traceback: bool = False
    no_color: bool = False
    force_color: bool = False
    skip_checks: bool = False

    def over(self, outer: "Given") -> "Given":
        """These, typed behind the name of the command, win over those in front of it."""
        return Given(
            settings=outer.settings if self.settings is None else self.settings,
            site=outer.site if self.site is None else self.site,
            pythonpath=outer.pythonpath + self.pythonpath,
            verbosity=outer.verbosity if self.verbosity is None else self.verbosity,
            traceback=outer.traceback or self.traceback,
            no_color=outer.no_color or self.no_color,
            force_color=outer.force_color or self.force_color,
            skip_checks=outer.skip_checks or self.skip_checks,
        )

    @property
    def color(self) -> bool | None:
        """Whether to colorize; None leaves it to the kind of the output."""
        return False if self.no_color else self.force_color or None


def run_daemon(given: Given) -> NoReturn:
    """`linod`: run the tasks of the site until a signal ends it."""

    def act(settings: "Settings", options: "Options") -> int:
        from linod.app import run

        return run(settings, options)

    _conclude(given, act)


def check_site(given: Given) -> NoReturn:
    """`linod check`."""

    def act(settings: "Settings", options: "Options") -> int:
        from linod.app import check

        return check(settings, options)

    _conclude(given, act, make=False)


def prepare_site(given: Given, loops: int) -> NoReturn:
    """`linod prep`."""

    def act(settings: "Settings", options: "Options") -> int:
        from linod.app import prep

        return prep(settings, options, loops)

    _conclude(given, act)


def run_one_task(given: Given, task: str, log_level: str | None) -> NoReturn:
    """`linod run TASK`."""

    def act(settings: "Settings", options: "Options") -> int:
        from linod.app import run_task

        return run_task(settings, options, task, log_level)

    _conclude(given, act)


def _conclude(given: Given, act: "Callable[[Settings, Options], int]", *, make: bool = True) -> NoReturn:
    """Load the settings, act on them, and end the process: with what `act` returns, or with the error's exit code.

    Root acts as the owner of the site's state.
    make  whether root then makes the directories that are missing.
    """
    try:
        from linod.settings import Options
        from linod.settings.loading import loader

        read = loader(given.settings, given.site, given.pythonpath, given.verbosity)
        settings = read(os.environ)
        if settings.owner is not None:
            from linod.app.owner import become_owner

            settings = become_owner(settings, make=make)
        environ = settings.environ
        code = act(settings, Options(given.color, given.traceback, given.skip_checks, lambda: read(environ)))
    except LinodError as error:
        if given.traceback:
            from traceback import print_exception

            print_exception(error)
        print(_for_stderr(f"linod: {error}"), file=sys.stderr)
        code = error.exit_code
        if code == ConfigurationError.exit_code:
            from linod.app.passed import refuse_callers

            refuse_callers(os.environ, str(error))
    sys.exit(code)


def _for_stderr(text: str) -> str:
    """An error before there is a journal of our own: in a service `journalctl -p err` shall find it all the same."""
    import logging

    from linod.journal.writers import is_journal, marked

    return marked(text, logging.ERROR) if is_journal(os.environ, sys.stderr) else text
