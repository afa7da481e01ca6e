"""linod's NamedTuple is typing's, but for the time that a class takes."""

import copy
import importlib
import pickle
import pkgutil
import typing
from collections.abc import Callable

import pytest

import linod
from linod import tuples


def define(named_tuple: typing.Any) -> typing.Any:
    class Point(named_tuple):  # type: ignore[misc]
        """A place."""

        x: int
        y: int = 2
        label: "str | None" = None

        @property
        def size(self) -> int:
            return int(self.x + self.y)

        @classmethod
        def origin(cls) -> typing.Any:
            return cls(0, 0)

    return Point


TYPINGS = define(typing.NamedTuple)


def called_often() -> typing.Any:
    made = define(tuples.NamedTuple)
    for number in range(tuples.OFTEN):
        assert made(number).x == number
    return made


class Named(tuples.NamedTuple):
    """Pickle finds it by its name."""

    first: str
    second: int = 2


class Special(Named):
    """A class of such a class adds no fields."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "special " + super().__repr__()


USES: dict[str, Callable[[typing.Any], object]] = {
    "by place": lambda made: made(1, 3, "a"),
    "by name": lambda made: made(label="a", x=1),
    "defaults": lambda made: made(1),
    "too few": lambda made: made(),
    "too many": lambda made: made(1, 2, 3, 4),
    "unknown": lambda made: made(1, z=1),
    "twice": lambda made: made(1, x=1),
    "fields": lambda made: (made._fields, made._field_defaults, made.__match_args__),
    "annotations": lambda made: made.__annotations__["x"],
    "documentation": lambda made: (made.__name__, made.__doc__),
    "attributes": lambda made: (made(1).x, made(1).y, made(1).label, made(1).size),
    "made": lambda made: made._make([1, 2, 3]),
    "made of too many": lambda made: made._make([1, 2, 3, 4]),
    "replaced": lambda made: made(1)._replace(y=5),
    "replaced, unknown": lambda made: made(1)._replace(z=5),
    "dictionary": lambda made: made(1)._asdict(),
    "class method": lambda made: made.origin(),
    "equal": lambda made: made(1) == (1, 2, None) == tuple(made(1)),
    "hash": lambda made: hash(made(1)) == hash((1, 2, None)),
    "order": lambda made: sorted([made(2), made(1)]),
    "unpacked": lambda made: [*made(1)],
    "cannot be set": lambda made: setattr(made(1), "x", 2),
    "has no other attribute": lambda made: setattr(made(1), "z", 2),
    "no dictionary": lambda made: hasattr(made(1), "__dict__"),
    "copied": lambda made: copy.deepcopy(made(1)),
}


def seen(use: Callable[[typing.Any], object], made: typing.Any) -> str:
    try:
        return repr(use(made))
    except (TypeError, ValueError, AttributeError) as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("often", [False, True])
def test_it_behaves_as_typings(use: Callable[[typing.Any], object], often: bool) -> None:
    assert seen(use, called_often() if often else define(tuples.NamedTuple)) == seen(use, TYPINGS)


def test_pattern_matching() -> None:
    ours = define(tuples.NamedTuple)
    match ours(1, 2):
        case ours(x, 2):
            assert x == 1
        case _:
            pytest.fail("no match")


def test_pickle() -> None:
    assert pickle.loads(pickle.dumps(Named("a"))) == Named("a")


def test_a_class_of_such_a_class() -> None:
    assert repr(Special("a")) == "special Special(first='a', second=2)"
    assert isinstance(Special("b")._replace(second=3), Special)
    assert type(Named("a")) is Named
    assert type(Special._make(["a", 1])) is Special


def test_every_one_of_linod_is_one_that_typing_would_make() -> None:
    """The rules that typing checks when it makes a class: names, and defaults behind what has none."""
    for module in pkgutil.walk_packages(linod.__path__, "linod."):
        if ".demo" not in module.name and "__main__" not in module.name:
            importlib.import_module(module.name)
    bases: list[typing.Any] = [one for one in tuple.__subclasses__() if one.__module__ == "linod.tuples"]
    ours = [one for base in bases for one in base.__subclasses__() if one.__module__.startswith("linod.")]
    assert len(ours) > 50
    for one in ours:
        fields = [(field, one.__annotations__[field]) for field in one._fields]
        assert typing.NamedTuple(one.__name__, fields)._fields == one._fields
        assert one._fields[len(one._fields) - len(one._field_defaults) :] == tuple(one._field_defaults)
