"""Composition root: builds the daemon's objects from `Settings` and runs them. No logic of its own.

asyncio, peewee and what needs them are imported only after the host was started: on two cores both import at once.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from linod.errors import ConfigurationError, LinodError

if TYPE_CHECKING:
    from linod.app.signals import EarlySignals
    from linod.host.process import HostProcess
    from linod.journal import Journal
    from linod.lock import DatabaseLock
    from linod.settings import Options, Settings

GIL_SECONDS = 0.0005
"""For how long the database thread may keep the loop waiting after each of its system calls; Python's own 5 ms are
more than a request may take. A start, of which 10 ms are Peewee in that thread, is 3 % shorter."""


def run(settings: Settings, options: Options) -> int:
    """Serve the site until a signal ends it. Returns the exit code of the process."""
    return _serve(settings, options, loops=None)


def prep(settings: Settings, options: Options, loops: int) -> int:
    """Make database and rows, run `loops` loops, and end. Returns the exit code of the process."""
    return _serve(settings, options, loops=loops)


def check(settings: Settings, options: Options) -> int:
    """Check settings, plugins, database and tasks; print what was found. Returns 0, or 78 when something is wrong."""
    import asyncio

    from linod.app.check import Check

    async def inspect() -> int:
        return await Check(settings, options).run()

    return asyncio.run(inspect())


def run_task(settings: Settings, options: Options, task: str, log_level: str | None) -> int:
    """Run one task in this process, which becomes the site's interpreter for that; it ends with the job's outcome."""
    from linod.app.here import run_here

    _make_directories(settings)
    run_here(settings, options, task, log_level)


def open_journal(settings: Settings, options: Options) -> Journal:
    """The journal of this process, and the logger `lino` that writes to it."""
    import logging

    from linod.journal import Journal, JournalHandler, open_writer

    journal = Journal(open_writer(settings.environ, sys.stderr, color=options.color, site=settings.site))
    log = logging.getLogger("lino")
    log.setLevel(settings.log_level.value)
    log.propagate = False
    log.addHandler(JournalHandler(journal))
    return journal


def _serve(settings: Settings, options: Options, loops: int | None) -> int:
    from linod.app.signals import EarlySignals
    from linod.lock import DatabaseLock

    sys.setswitchinterval(GIL_SECONDS)
    early = EarlySignals()
    lock = DatabaseLock(settings.database_file, settings.site)
    process: HostProcess | LinodError | None = None
    try:
        process = _spawn_at_once(settings, lock)
    except LinodError as error:
        process = error
    # Imported while the host imports, too: logging is 12 ms, the journal 8.
    from logging import ERROR, INFO, getLogger

    from linod.journal import Event

    journal = open_journal(settings, options)
    code = 0
    if settings.owner is not None:
        text = f"Running as {settings.owner.name} instead of root: the state in {settings.state_dir} is theirs"
        journal.send(INFO, text)
    try:
        if isinstance(process, LinodError):
            raise process
        _with_lock(settings, early, journal, options, loops, lock, process)
    except LinodError as error:
        if options.traceback:
            getLogger("lino").exception("The whole traceback:")
        event = Event.CONFIGURATION if isinstance(error, ConfigurationError) else None
        journal.send(ERROR, str(error), event=event)
        code = error.exit_code
        if code == ConfigurationError.exit_code:
            from linod.app.passed import refuse_callers

            refuse_callers(settings.environ, str(error))
    else:
        journal.send_last("Done")
    journal.close()
    return code


def _spawn_at_once(settings: Settings, lock: DatabaseLock) -> HostProcess | None:
    """Take the lock and start the host, first of all: most of a start is imports, and the host has its own to make.

    Returns  None when the lock is held, by the host of a daemon that died: that is waited for, and logged.
    """
    from linod.clock import SystemClock

    _make_directories(settings)
    return _spawn(settings, lock) if lock.take(SystemClock()) else None


def _spawn(settings: Settings, lock: DatabaseLock) -> HostProcess:
    from linod.host.process import spawn

    try:
        process = spawn(
            settings.host,
            keep_fds=[lock.fd],
            environ=settings.environ,
            plugins=settings.plugins,
            entry_points=settings.entry_points,
        )
    except BaseException:
        lock.release()
        raise
    lock.name_host(process.pid)
    return process


def _with_lock(
    settings: Settings,
    early: EarlySignals,
    journal: Journal,
    options: Options,
    loops: int | None,
    lock: DatabaseLock,
    process: HostProcess | None,
) -> None:
    from linod.cgroups.groups import Groups
    from linod.clock import SystemClock
    from linod.lock import PidFile

    clock = SystemClock()
    if process is None:
        lock.acquire(clock)
        process = _spawn(settings, lock)
    host = process
    groups = Groups()
    groups.begin()
    try:
        with PidFile(settings.pid_file):
            import asyncio

            from linod.app.daemon import Daemon

            async def serve() -> None:
                await Daemon(settings, options, journal, clock, lock, host, groups, early).serve(loops)

            asyncio.run(serve())
    finally:
        lock.release()


def _make_directories(settings: Settings) -> None:
    """Make what is missing, as the user that this process is.

    Raises  ConfigurationError, naming the directory, the user and what to do.
    """
    for directory in (settings.state_dir, settings.runtime_dir, settings.database_file.parent):
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"{directory}: cannot be made by this user (uid {os.geteuid()}): {error.strerror}; make it, and give "
                "it to this user"
            ) from error
