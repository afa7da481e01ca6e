"""Logging in the host after its plugins were imported: jobs' records must reach the daemon once, and at the job's
level."""

import logging
import sys


def release_logging() -> None:
    """Take back what would print a record beside reporting it, or hide it: handlers on standard output or error
    (`basicConfig` in a plugin makes one), a level of the logger `lino`, `logging.disable`.

    So is what `linod.logs.connect` has made in a plugin: the daemon writes the records of jobs to `lino.log` itself.
    What else a plugin does stays: handlers that write to files, levels of its own loggers.
    """
    root = logging.getLogger()
    root.manager.disable = logging.NOTSET
    ours = logging.getLogger("lino")
    ours.setLevel(logging.NOTSET)
    ours.propagate, ours.disabled = True, False
    for logger in [root, *root.manager.loggerDict.values()]:
        if isinstance(logger, logging.Logger):
            for handler in list(logger.handlers):
                prints = isinstance(handler, logging.StreamHandler) and handler.stream in (sys.stdout, sys.stderr)
                if prints or getattr(handler, "sends_to_linod", False):
                    logger.removeHandler(handler)
