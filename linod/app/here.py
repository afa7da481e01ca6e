"""`linod run`: become the site's interpreter, with this terminal, and run one task there."""

import os
import sys
from typing import NoReturn

from linod.foreground.place import Place, to_wire
from linod.host.process import unusable
from linod.models.requests import user_name
from linod.settings import Options, Settings

MAIN = """
import sys
try:
    from linod.foreground.main import main
except ImportError as error:
    python = sys.executable
    sys.exit(f"linod: [host] python = {python!r}: {error}; install linod there: {python} -m pip install linod")
main()
"""


def run_here(settings: Settings, options: Options, task: str, log_level: str | None) -> NoReturn:
    """Run a task in the interpreter that has the site's plugins, in this process: debuggers have the terminal.

    Raises  ConfigurationError when there is no such interpreter.
    """
    who = "root" if settings.owner is not None else user_name()
    place = Place.of(settings, options.color)
    wire = to_wire(place, task=task, log_level=log_level, by=who, traceback=options.traceback)
    file = os.memfd_create("linod-run", 0)  # not closed by exec
    os.write(file, wire)
    os.lseek(file, 0, os.SEEK_SET)
    sys.stdout.flush()
    sys.stderr.flush()
    python = settings.host.python
    try:
        os.execvpe(python, [python, "-P", "-c", MAIN, str(file)], dict(settings.environ))
    except OSError as error:
        raise unusable(python, error) from error
