"""The policies of a task in force, and who says each: the task, the settings, or linod. Pure."""

from collections.abc import Mapping
from enum import StrEnum

from linod.policies import LINODS, POLICIES
from linod.tuples import NamedTuple


class Source(StrEnum):
    """Who says the value of a policy."""

    TASK = "task"
    SETTINGS = "settings"
    LINOD = "linod"


class Value(NamedTuple):
    """A policy in force, and who says it."""

    value: object
    source: Source


def values(row: object, said: Mapping[str, object]) -> dict[str, Value]:
    """The policies of a task in force, by their names.

    row   as `policy_of` takes it.
    said  `[defaults]` of the settings: `Settings.defaults`.
    """
    found = {}
    for name in POLICIES:
        own = getattr(row, name)
        if own is not None:
            found[name] = Value(own, Source.TASK)
        elif name in said:
            found[name] = Value(said[name], Source.SETTINGS)
        else:
            found[name] = Value(getattr(LINODS, name), Source.LINOD)
    return found
