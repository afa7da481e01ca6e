"""The tables of kinds of task, made as plugins bring them.

The plugins are not imported here: what a host told of a kind is enough for its table and for the model of that.
"""

import json
from collections.abc import Sequence
from typing import Any

from linod import models
from linod.kinds import Kind, KindRefused, OwnColumn, columns_to_add, table_columns
from linod.store.kinds import Kinds
from linod.store.query import param


class Adopting(Kinds):
    """What the loading of plugins adds."""

    def adopt_kinds(self, kinds: Sequence[Kind]) -> dict[str, str]:
        """Make the tables of new kinds, and the columns that known ones have got. Nothing is altered or dropped.

        kinds    what the host has told, those with a problem left out.
        Returns  why a kind is refused, by its name; its table stays as it is then. The others are adopted.
        """
        refused: dict[str, str] = {}
        for kind in kinds:
            try:
                self._adopt(self._remembered.get(kind.name), kind)
            except KindRefused as error:
                refused[kind.name] = str(error)
        return refused

    def missing_columns(self, kind: Kind) -> tuple[OwnColumn, ...]:
        """The columns of its own that a kind's table lacks: all of a new kind's. Nothing is written.

        Raises  KindRefused when `adopt_kinds` would refuse it.
        """
        known = self._remembered.get(kind.name)
        if known is not None:
            return columns_to_add(known, kind)
        self._check_table(kind)
        return kind.columns

    def _adopt(self, known: Kind | None, kind: Kind) -> None:
        from linod.migrations.kinds import add, make  # not what each start imports

        new = self.missing_columns(kind)
        kept = kind._replace(columns=table_columns(known, kind))
        if known is not None and known.definition == kept.definition:
            return
        with self.transaction():
            for statement in make(kind.name, kind.table, new) if known is None else add(kind.table, new):
                with self._guard():
                    self._db.execute_sql(statement)
            self._changed(_forget, name=kind.name)
            self._inserted(_remember, name=kind.name, table_name=kind.table, definition=json.dumps(kept.to_wire()))
        self._use(kept)

    def _check_table(self, kind: Kind) -> None:
        owner = next((other.name for other in self._remembered.values() if other.table == kind.table), None)
        if owner is not None:
            raise KindRefused(f"its table {kind.table} is that of {owner}; give it a table_name of its own")
        with self._guard():
            found = self._db.execute_sql("SELECT 1 FROM sqlite_master WHERE name = ?", (kind.table,)).fetchall()
        if found:
            raise KindRefused(f"there is a table {kind.table} that linod has not made; give it another table_name")


def _forget() -> Any:
    return models.KnownKind.delete().where(models.KnownKind.name == param("name"))


def _remember() -> Any:
    return models.KnownKind.insert(name=param("name"), table_name=param("table_name"), definition=param("definition"))
