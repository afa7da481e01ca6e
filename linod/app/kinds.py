"""The kinds of task that plugins have brought get their tables; what cannot be used is said once, and keeps nobody else
from running."""

import logging
from collections.abc import Mapping

from linod.host.protocol import Loaded
from linod.journal import Event, Journal
from linod.kinds import problem_of
from linod.procedures import Procedure
from linod.store import Store
from linod.store.thread import DatabaseThread


async def adopt_kinds(loaded: Loaded, store: Store, db: DatabaseThread, journal: Journal) -> Loaded:
    """Make the tables and columns that are missing.

    Returns  the same, with a problem for each kind that is refused and for its procedures.
    """
    usable = [kind for kind in loaded.kinds if not kind.problem]
    refused = await db.run(store.adopt_kinds, usable) if usable else {}
    if not refused:
        return loaded
    kinds = tuple(
        kind._replace(problem=problem_of(kind, refused[kind.name])) if kind.name in refused else kind
        for kind in loaded.kinds
    )
    for kind in kinds:
        if kind.name in refused:
            text = f"{kind.problem}. Its tasks do not run, its table stays as it is."
            journal.send(logging.WARNING, text, event=Event.PLUGIN_WARNING)
    return loaded._replace(kinds=kinds, procedures=tuple(_with_problem(one, refused) for one in loaded.procedures))


def _with_problem(procedure: Procedure, refused: Mapping[str, str]) -> Procedure:
    if procedure.class_name not in refused or procedure.problem:
        return procedure
    reason = f"its kind of task, {procedure.class_name}, is refused: {refused[procedure.class_name]}"
    return procedure._replace(problem=f"{procedure.file}:{procedure.line}: procedure {procedure.name}: {reason}")
