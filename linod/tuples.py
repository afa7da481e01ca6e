"""`NamedTuple`: typing's own, in a tenth of its time.

Up to READY linod defines 50 of them. typing.NamedTuple takes 0.25 ms for each, because it checks each annotation, which
is mypy's business, and compiles a constructor, which it needs if it is called often. With it a start takes 1.6 times as
long as its bare imports, with this 1.45 times (Python 3.11).

A class has fields, methods and defaults as it would have with typing's; tests compare. Python 3.14 makes annotations
when somebody asks for them (PEP 649), so that a class body has none: there it is typing's.
"""

import sys
from collections import namedtuple
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self

__all__ = ["NamedTuple"]

_NUMBERED: Any = namedtuple("_NUMBERED", map("field_{}".format, range(64)))  # type: ignore[misc]
_GETTERS = [getattr(_NUMBERED, f"field_{number}") for number in range(64)]
"""The library's descriptors for the fields of a tuple, by number: those of each class are the same."""

OFTEN = 32
"""Calls of a class after which it gets the library's constructor, which takes 0.1 ms to make, and a call 2 us less."""


class _Type(type):
    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> "_Type":
        if bases != (tuple,) and bases[0] is _NamedTuple:
            fields = tuple(namespace.get("__annotations__", ()))
            namespace["_field_defaults"] = {field: namespace[field] for field in fields if field in namespace}
            namespace["_fields"] = namespace["__match_args__"] = fields
            namespace.update(zip(fields, _GETTERS[: len(fields)], strict=True))
            namespace["__slots__"] = ()
        return super().__new__(cls, name, bases, namespace)


class _NamedTuple(tuple[Any, ...], metaclass=_Type):
    __slots__ = ()
    _fields: tuple[str, ...] = ()
    _field_defaults: Mapping[str, Any] = {}
    _calls = 0

    def __new__(cls, *values: Any, **named: Any) -> Self:
        if named or len(values) != len(cls._fields):
            values = cls._bind(values, named)
        return tuple.__new__(cls, values)

    @classmethod
    def _bind(cls, values: tuple[Any, ...], named: Mapping[str, Any]) -> tuple[Any, ...]:
        """A value for each field. Raises TypeError, as the library would."""
        cls._calls += 1
        defaults, rest = cls._field_defaults, cls._fields[len(values) :]
        try:
            bound = values + tuple([named[field] if field in named else defaults[field] for field in rest])
        except KeyError:
            bound = ()
        if cls._calls < OFTEN and len(bound) == len(cls._fields) and all(field in rest for field in named):
            return bound
        owner: Any = next(base for base in cls.__mro__ if "_fields" in vars(base))
        library: Any = namedtuple(owner.__name__, cls._fields, defaults=defaults.values())  # type: ignore[misc]
        owner.__new__ = library.__new__
        return tuple(owner.__new__(cls, *values, **named))

    @classmethod
    def _make(cls, values: Iterable[Any]) -> Self:
        result = tuple.__new__(cls, values)
        if len(result) != len(cls._fields):
            raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(result)}")
        return result

    def _replace(self, **named: Any) -> Self:
        result = self._make(map(named.pop, self._fields, self))
        if named:
            raise ValueError(f"Got unexpected field names: {list(named)!r}")
        return result

    def _asdict(self) -> dict[str, Any]:
        return dict(zip(self._fields, self, strict=True))

    def __repr__(self) -> str:
        fields = ", ".join(f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True))
        return f"{type(self).__name__}({fields})"

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)


if TYPE_CHECKING or sys.version_info >= (3, 14):
    from typing import NamedTuple
else:
    NamedTuple = _NamedTuple
