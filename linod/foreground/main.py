"""`linod run TASK` in the site's interpreter: load the plugins, run one task here, and end with its outcome.

    python -P -c "from linod.foreground.main import main; main()" FD

FD is an open file with what `linod.foreground.place.to_wire` wrote. The terminal is this process's.
"""

import os
import sys
from collections.abc import Mapping
from typing import Any

from linod.clock import Clock, SystemClock
from linod.errors import BadValue, LinodError, NoSuchTask, near
from linod.foreground.place import Place, from_wire
from linod.foreground.running import run_here, serving
from linod.host.logs import release_logging
from linod.host.plugins import load_all
from linod.host.protocol import Message
from linod.jobs import EXIT_CODES
from linod.journal import open_writer
from linod.procedures import procedures
from linod.store import Store
from linod.tasks import Task, label

NAMES = 1000
"""Names that are looked at for a near one."""


def main() -> None:
    """The process."""
    with open(int(sys.argv[1]), "rb") as file:  # noqa: PTH123  # a descriptor
        data = file.read()
    traceback = False
    try:
        place, told = from_wire(data, sys.executable)
        traceback = told["traceback"]
        code = _run(place, told, SystemClock())
    except LinodError as error:
        if traceback:
            from traceback import print_exception

            print_exception(error)
        print(f"linod: {error}", file=sys.stderr)
        code = error.exit_code
    sys.exit(code)


def _run(place: Place, told: Mapping[str, Any], clock: Clock) -> int:
    writer = open_writer(os.environ, sys.stderr, color=place.color, site=place.site)
    load_all(place.plugins, place.path, entry_points=place.entry_points, without=(), send=_tell)
    release_logging()
    with serving(place, clock) as store:
        _install(store, place, clock)
        job = run_here(
            store,
            place,
            clock,
            lambda: find_one(store, told["task"]),
            by=told["by"],
            log_level=told["log_level"],
            say=writer.write,
        )
    return EXIT_CODES[job.state]


def find_one(store: Store, reference: str) -> Task:
    """The one task that people mean.

    Raises  NoSuchTask with the nearest name, BadValue with the list when several fit.
    """
    found = store.find(reference)
    if len(found) == 1:
        return found[0]
    if not found:
        cure = near(reference, store.names(NAMES), "its procedure may have none, or another name")
        raise NoSuchTask(f"there is no task {reference!r}; {cure}")
    listed = ", ".join(f"{task.kind}:{task.id} for {label(task)}" for task in found)
    raise BadValue(f"{len(found)} tasks have the name {reference!r}; say which: {listed}")


def _install(store: Store, place: Place, clock: Clock) -> None:
    """What a start of the daemon adds: on a new site there would be no task to run."""
    from zoneinfo import ZoneInfo

    from linod.models.kinds import site_kinds

    kinds = [kind for kind in site_kinds(procedures.plugin_of) if not kind.problem]
    for name, reason in store.adopt_kinds(kinds).items():
        print(f"linod: the kind of task {name} is refused: {reason}", file=sys.stderr)
    today = clock.now().astimezone(ZoneInfo(place.time_zone)).date()
    for task in store.install([item for item in procedures.ordered() if not item.problem], clock.now(), today):
        print(f"Installed {label(task)}", file=sys.stderr)


def _tell(message: Message) -> None:
    """A plugin that cannot be loaded is left out, as the daemon leaves it out: its tasks cannot be run."""
    if message["type"] == "plugin" and not message["ok"]:
        print(f"linod: plugin {message['name']} is left out: {message['error']}", file=sys.stderr)
