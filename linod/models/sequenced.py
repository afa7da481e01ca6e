"""A list that people order by hand."""

from typing import TYPE_CHECKING, Any, ClassVar, Self

from peewee import IntegerField, fn

from linod.models.table import Table

if TYPE_CHECKING:
    from linod.ordering import Numbered


class Sequenced(Table):
    """A row with a number of its own in a list that people order: all rows of its table."""

    not_copied: ClassVar[frozenset[str]] = frozenset({"id"})

    seqno = IntegerField()

    def save(self, force_insert: bool = False, only: Any = None) -> Any:
        """As `Table.save`; an empty number becomes the last one plus 1."""
        if not self.seqno:
            last = type(self).select(fn.MAX(type(self).seqno)).scalar()
            self.seqno = (last or 0) + 1
        return super().save(force_insert, only)

    def move_up(self) -> None:
        """Change places with the row above; the first stays."""
        self.move_by_n(-1)

    def move_down(self) -> None:
        """Change places with the row below; the last stays."""
        self.move_by_n(1)

    def move_by_n(self, n: int) -> None:
        """Move by `n` rows, down when positive, to the ends of the list at most, and number all rows 1, 2, 3, ... anew.

        Raises  ValueError when the row is not saved, or gone.
        """
        from linod.ordering import places

        with self._meta.database.atomic("IMMEDIATE"):
            rows = self._numbers()
            self._renumber(rows, places(rows, self._pk, n)[1])

    def duplicate(self, **columns: object) -> Self:
        """Save a copy of this row directly below it.

        columns  in the place of this row's.
        Returns  the copy.
        """
        model = type(self)
        own = {name: value for name, value in self.__data__.items() if name not in self.not_copied}
        copy = model(**{**own, **columns})
        with self._meta.database.atomic("IMMEDIATE"):
            copy.save(force_insert=True)
            rows = self._numbers()
            copy._renumber(rows, [one for one, _ in rows].index(self._pk) + 1)
            self.seqno = dict(self._numbers())[self._pk]
            self.unchanged({"seqno"})
        return copy

    def _numbers(self) -> "list[Numbered]":
        model = type(self)
        key: Any = model._meta.primary_key
        rows: Any = model.select(key, model.seqno).order_by(model.seqno, key).tuples()
        return list(rows)

    def _renumber(self, rows: "list[Numbered]", place: int) -> None:
        from linod.ordering import renumbered

        model = type(self)
        for one, number in renumbered(rows, self._pk, place).items():
            model.update(seqno=number).where(model._meta.primary_key == one).execute()
        self.seqno = place + 1
        self.unchanged({"seqno"})
