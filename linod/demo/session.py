"""What a shell has of a site: its settings, its procedures, its log, and models that read and write its database."""

from contextlib import suppress
from importlib import import_module
from zoneinfo import ZoneInfo

import peewee

from linod import models
from linod.clock import SystemClock
from linod.errors import Busy, LinodError
from linod.foreground import Place, request
from linod.lock import DatabaseLock
from linod.logs.client import connect_to
from linod.models.kinds import site_kinds
from linod.procedures import procedures
from linod.request import BaseRequest
from linod.settings import Settings, load
from linod.store import Store
from linod.tables import Show

BUSY_TIMEOUT = 30_000
"""Milliseconds to wait for the daemon's transaction."""


def open_site(name: str) -> Settings:
    """Open a site in this process, beside its daemon or without one.

    name     what `linod --settings` is given. Its database and its tasks are made when they are missing, as by
             `linod prep`, but nothing is run.
    Returns  its settings.
    Raises   LinodError.
    """
    settings = load(settings=name)
    if settings.owner is not None:
        raise LinodError(
            f"{settings.state_dir} belongs to {settings.owner.name}; run this as that user: "
            f"runuser -u {settings.owner.name} -- ..."
        )
    for plugin in settings.plugins:
        import_module(plugin)
        import_module(f"{plugin}.models")
    with suppress(Busy):  # a daemon serves the site, and has made what there is to make
        _make(settings)
    _bind(settings)
    if settings.log_dir is not None:
        connect_to(settings)
    return settings


def _make(settings: Settings) -> None:
    """Make the tables and the tasks, holding the lock of the database: nobody changes tables below a daemon."""
    settings.database_file.parent.mkdir(parents=True, exist_ok=True)
    clock, zone = SystemClock(), ZoneInfo(settings.time_zone)
    lock, store = DatabaseLock(settings.database_file, settings.site), Store(settings.database, zone=zone)
    lock.acquire(clock)
    try:
        store.open()
        kinds = [kind for kind in site_kinds(procedures.plugin_of) if not kind.problem]
        for name, reason in store.adopt_kinds(kinds).items():
            raise LinodError(f"the kind of task {name} is refused: {reason}")
        now = clock.now()
        store.install(procedures.ordered(), now, now.astimezone(zone).date())
        store.install_user(settings.daemon_user)
    finally:
        store.close()
        lock.release()


def _bind(settings: Settings) -> None:
    """Let the models work on the site's database. Another site that this process had open is closed."""
    if models.database.obj is not None:
        models.database.close()
    pragmas = {"busy_timeout": BUSY_TIMEOUT, "foreign_keys": 1, "journal_mode": "wal", "synchronous": 2}
    models.database.initialize(peewee.SqliteDatabase(str(settings.database_file), pragmas=pragmas))


class Runtime:
    """What Lino's page calls `rt`: the tables of a site, and requests that run its tasks in this process.

    show   prints a table: of SystemTasks, Procedures, LogLevels, a model, a query.
    """

    def __init__(self, settings: Settings) -> None:
        self.show = Show(ZoneInfo(settings.time_zone))
        self._place = Place.of(settings)

    def login(self) -> BaseRequest:
        """A request for `SystemTask.run(ar)`, in the name of the site's `daemon_user`."""
        return request(self._place)
