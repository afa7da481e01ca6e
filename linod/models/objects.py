"""`Model.objects`, as Django's models have it: the few calls that Lino's page makes."""

from typing import Any


class Objects:
    """The rows of a table. On the class of the model; an instance has none."""

    def __get__(self, instance: object, model: Any) -> "Rows":
        if instance is not None:
            raise AttributeError(f"objects are asked of the class: {model.__name__}.objects")
        return Rows(model)


class Rows:
    """The rows of one table."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def all(self) -> Any:
        """All rows, in the order of `seqno` where there is one; a query that can be iterated and filtered further."""
        model = self._model
        order = [model._meta.fields["seqno"]] if "seqno" in model._meta.fields else []
        return model.select().order_by(*order, model._meta.primary_key)

    def filter(self, **columns: object) -> Any:
        """The rows whose columns have these values, in the same order."""
        fields = self._model._meta.fields
        return self.all().where(*(fields[name] == value for name, value in columns.items()))

    def get(self, **columns: object) -> Any:
        """The one row whose columns have these values.

        Raises  `Model.DoesNotExist` when there is none, LookupError when there are several.
        """
        found = list(self.filter(**columns).limit(2))
        told = ", ".join(f"{name}={value}" for name, value in columns.items()) or "no condition"
        if not found:
            raise self._model.DoesNotExist(f"{self._model.__name__}: no row with {told}")
        if len(found) > 1:
            raise LookupError(f"{self._model.__name__}: several rows with {told}; filter() gives them")
        return found[0]
