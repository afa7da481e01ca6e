"""The kinds of task that have a table in the database: remembered from start to start. A site without any does not pay
for them."""

import json
from typing import TYPE_CHECKING

from linod import models
from linod.migrations import LATEST, schema_version
from linod.store.connection import Connection

if TYPE_CHECKING:
    from linod.kinds import Kind, OwnColumn


class Kinds(Connection):
    """Tables of kinds."""

    _remembered: "dict[str, Kind]"

    def own_columns(self, kind: str) -> "dict[str, OwnColumn]":
        """The columns that a kind's table has beside those of every task."""
        return {column.name: column for column in self._remembered[kind].columns} if kind in self._remembered else {}

    def known_kinds(self) -> "list[Kind]":
        """The kinds that plugins have brought, whether or not they are loaded now, by name."""
        return list(self._remembered.values())

    def _opened_schema(self) -> None:
        self._remembered = {}
        for name in [name for name, model in self.kinds.items() if model is not models.SystemTask]:
            del self.kinds[name]
        if self._read_only and schema_version(self._db) < LATEST:
            return  # who looks at the tables of an older linod looks at no task
        with self._guard():
            rows = self._db.execute_sql("SELECT definition FROM linod_kind ORDER BY name").fetchall()
        if rows:
            from linod.kinds import Kind

            for (definition,) in rows:
                self._use(Kind.from_wire(json.loads(definition)))

    def _use(self, kind: "Kind") -> None:
        """From now on the store works with this kind."""
        from linod.models.kinds import stored_model

        old = self.kinds.get(kind.name)
        self._compiled = {key: query for key, query in self._compiled.items() if old is None or old not in key[1]}
        self._remembered[kind.name] = kind
        self.kinds[kind.name] = stored_model(kind)
