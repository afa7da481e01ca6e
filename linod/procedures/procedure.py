"""One registered procedure, as a value that also crosses the socket from the host to the daemon."""

from collections.abc import Callable, Coroutine, Mapping
from datetime import date, datetime, time
from types import AsyncGeneratorType, CoroutineType, GeneratorType, MappingProxyType
from typing import Any

from linod.errors import LinodError
from linod.procedures.columns import column_text, parse_columns
from linod.request import BaseRequest
from linod.tasks import SYSTEM_TASK
from linod.tuples import NamedTuple


class Procedure(NamedTuple):
    """A callable function designed to run in background, and how often it suggests to.

    plugin    the plugin that registered it.
    func      None in the daemon, which never imports plugins.
    defaults  columns of the task that is installed for it.
    file      where it was defined; with `line`, what its problems begin with.
    problem   why it cannot run: "FILE:LINE: ..."; "" when it can. One with a problem is listed, never run, gets no row.
    """

    name: str
    plugin: str
    func: Callable[[BaseRequest], object] | None = None
    class_name: str = SYSTEM_TASK
    run_after: str | None = None
    during_initdb: bool = True
    defaults: Mapping[str, object] = MappingProxyType({})
    file: str = ""
    line: int = 0
    problem: str = ""

    def __str__(self) -> str:
        return self.name

    @property
    def text(self) -> str:
        """What people see: the name."""
        return self.name

    @property
    def every_unit(self) -> str:
        """The suggested unit; "never" when none is suggested."""
        return str(self.defaults.get("every_unit", "never"))

    @property
    def every_value(self) -> int:
        """How many of these units lie between two runs."""
        value = self.defaults.get("every", 1)
        return value if isinstance(value, int) else 1

    @property
    def start_datetime(self) -> datetime | None:
        """The moment suggested for the first run, naive, local; None when no date is suggested."""
        day, clock = self.defaults.get("start_date"), self.defaults.get("start_time")
        if not isinstance(day, date):
            return None
        return datetime.combine(day, clock if isinstance(clock, time) else time(0))

    @property
    def suggested(self) -> str:
        """The column "Suggested recurrency": every=1, every_unit=weekly, saturday=True, start_time=04:00."""
        return ", ".join(f"{column}={column_text(self.defaults[column])}" for column in sorted(self.defaults))

    def run(self, ar: BaseRequest) -> None:
        """Call the function with `ar`; a coroutine function runs in an event loop of its own.

        Raises  whatever the function raises; LinodError when there is nothing to call; TypeError when the call
                returned a generator, which ran nothing.
        """
        if self.problem or self.func is None:
            raise LinodError(self.problem or f"procedure {self.name} is known here by its name only")
        result = self.func(ar)
        if isinstance(result, CoroutineType):
            _run_to_end(result)
        elif isinstance(result, (GeneratorType, AsyncGeneratorType)):
            raise TypeError(f"procedure {self.name} returned a generator: nothing of it ran; take the yield away")

    def to_wire(self) -> dict[str, object]:
        """All but the function, as plain JSON."""
        return {
            "name": self.name,
            "plugin": self.plugin,
            "class_name": self.class_name,
            "run_after": self.run_after,
            "during_initdb": self.during_initdb,
            "defaults": {
                column: value if isinstance(value, (bool, int)) else column_text(value)
                for column, value in self.defaults.items()
            },
            "file": self.file,
            "line": self.line,
            "problem": self.problem,
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> "Procedure":
        """What `to_wire` wrote.

        Raises  KeyError for a missing key and BadValue for an impossible column: the site has another linod.
        """
        name = str(wire["name"])
        return cls(
            name=name,
            plugin=str(wire["plugin"]),
            class_name=str(wire["class_name"]),
            run_after=wire["run_after"],
            during_initdb=bool(wire["during_initdb"]),
            defaults=parse_columns(wire["defaults"], name),
            file=str(wire["file"]),
            line=int(wire["line"]),
            problem=str(wire["problem"]),
        )


def _run_to_end(coroutine: Coroutine[Any, Any, object]) -> None:
    import asyncio  # only here: most sites have no coroutine, and none of linod's own code in the host uses it

    asyncio.run(coroutine)
