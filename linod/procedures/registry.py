"""What was registered in this process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from linod.errors import near
from linod.procedures.callables import place_of, why_not
from linod.procedures.procedure import Procedure
from linod.tuples import NamedTuple

Hook = Callable[[], object]


class _Hook(NamedTuple):
    plugin: str
    func: Hook


class Procedures:
    """The procedures available on this site, in the order of their registration."""

    def __init__(self) -> None:
        self._first: dict[str, Procedure] = {}
        self._twins: list[Procedure] = []  # refused: another one had the name first
        self._hooks: list[_Hook] = []
        self._bad_hooks: list[tuple[str, str]] = []
        self._loading: list[str] = []

    @contextmanager
    def loading(self, plugin: str) -> Iterator[None]:
        """While a plugin is imported; one that fails takes back what it registered: half a plugin is none."""
        self._loading.append(plugin)
        try:
            yield
        except BaseException:
            self.forget(plugin)
            raise
        finally:
            self._loading.pop()

    def plugin_of(self, func: object) -> str:
        """The plugin that a function belongs to: the one being imported, unless that one imported a stranger's module.

        So a plugin that fails does not take away the procedures of another that it had imported before.
        """
        module = str(getattr(func, "__module__", None) or "")
        plugin = self._loading[-1] if self._loading else ""
        if plugin and (not module or f"{module}.".startswith(f"{plugin}.")):
            return plugin
        return module.removesuffix(".models") or plugin

    def add(self, procedure: Procedure) -> Procedure:
        """Register a procedure. A second of the same name is refused by its `problem`, and listed under another name.

        Returns  it as registered.
        """
        known = self._first.get(procedure.name)
        if known is None or (known.file, known.line) == (procedure.file, procedure.line):  # or its module was reloaded
            self._first[procedure.name] = procedure
            return procedure
        where = f"plugin {known.plugin} ({known.file}:{known.line})"
        problem = (
            f"{procedure.file}:{procedure.line}: procedure {procedure.name} of plugin {procedure.plugin}: "
            f"{where} has registered this name before; rename one of the two functions"
        )
        refused = procedure._replace(name=f"{procedure.name} ({procedure.plugin}:{procedure.line})", problem=problem)
        self._twins.append(refused)
        return refused

    def refuse(self, procedure: Procedure, reason: str) -> None:
        """Give a registered procedure a problem that showed when all plugins were loaded; "" is none."""
        if reason:
            problem = f"{procedure.file}:{procedure.line}: procedure {procedure.name}: {reason}"
            self._first[procedure.name] = procedure._replace(problem=problem)

    def add_job_start(self, hook: Hook) -> None:
        """Register what runs in each child before its procedure; one that needs an argument is left out."""
        plugin = self.plugin_of(hook)
        reason = why_not(hook, 0, "a function under @at_job_start takes none")
        if reason:
            file, line = place_of(hook)
            self._bad_hooks.append((plugin, f"{file}:{line}: {getattr(hook, '__name__', hook)} {reason}; left out"))
        else:
            self._hooks.append(_Hook(plugin, hook))

    def forget(self, plugin: str) -> None:
        """Take back all that a plugin registered."""

        def others(owner: str) -> bool:
            return not f"{owner}.".startswith(f"{plugin}.")

        self._first = {name: procedure for name, procedure in self._first.items() if others(procedure.plugin)}
        self._twins = [procedure for procedure in self._twins if others(procedure.plugin)]
        self._hooks = [hook for hook in self._hooks if others(hook.plugin)]
        self._bad_hooks = [(owner, text) for owner, text in self._bad_hooks if others(owner)]

    def get(self, name: str) -> Procedure | None:
        """The procedure of this name; of twins the one registered first."""
        return self._first.get(name)

    def __getattr__(self, name: str) -> Procedure:
        """The procedure of this name, as on Lino's page: `Procedures.checkdata`. Raises AttributeError for another."""
        known = self.__dict__.get("_first", {})  # there is none before __init__, when it is copied
        if name in known:
            found: Procedure = known[name]
            return found
        raise AttributeError(f"there is no procedure {name!r}; {near(name, known, 'none has a name like that')}")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._first})

    def ordered(self) -> list[Procedure]:
        """All in the order of registration, but each behind its `run_after`; at last twins, which have a problem."""
        placed = self._placed()
        return [*placed.values(), *self._unplaced(placed), *self._twins]

    def _placed(self) -> dict[str, Procedure]:
        """Those whose `run_after` could be followed, in order."""
        waiting: dict[str, list[Procedure]] = {}
        placed: dict[str, Procedure] = {}

        def place(procedure: Procedure) -> None:
            placed[procedure.name] = procedure
            for follower in waiting.pop(procedure.name, []):
                place(follower)

        for procedure in self._first.values():
            if procedure.run_after is None or procedure.run_after in placed:
                place(procedure)
            else:
                waiting.setdefault(procedure.run_after, []).append(procedure)
        return placed

    def _unplaced(self, placed: dict[str, Procedure]) -> list[Procedure]:
        """Those whose `run_after` is not there, or waits for them in turn."""
        return [procedure for name, procedure in self._first.items() if name not in placed]

    @property
    def job_start_hooks(self) -> tuple[Hook, ...]:
        """What runs in each child before its procedure, in the order of registration."""
        return tuple(hook.func for hook in self._hooks)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What people should know of a registration that was not refused, and hooks that were left out: a text each."""
        order = [
            f"{procedure.file}:{procedure.line}: procedure {procedure.name}: run_after={procedure.run_after!r} "
            f"{'waits for it in turn' if procedure.run_after in self._first else 'is not registered'}; put last"
            for procedure in self._unplaced(self._placed())
        ]
        return (*order, *(text for _, text in self._bad_hooks))


procedures = Procedures()
"""What the decorators register with."""
