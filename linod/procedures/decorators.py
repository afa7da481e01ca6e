"""The decorators by which plugins register procedures."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload

from linod.errors import BadValue, LinodError
from linod.procedures.callables import name_of, place_of, why_not_one_argument
from linod.procedures.columns import RESERVED, parse_columns
from linod.procedures.procedure import Procedure
from linod.procedures.registry import procedures
from linod.tasks import SYSTEM_TASK

Function = TypeVar("Function", bound=Callable[..., object])


@overload
def background_task(func: Function, /) -> Function: ...
@overload
def background_task(**defaults: object) -> Callable[[Function], Function]: ...
def background_task(func: object = None, /, **defaults: object) -> Any:
    """Register the decorated function as a procedure.

    Keyword arguments are the columns of the task installed for it: every, every_unit, monday .. sunday, start_time, ...
    Except for

    start_datetime  start_date and start_time in one.
    class_name      the kind of that task.
    run_after       name of a procedure that comes before this one in the list.
    during_initdb   False: left out by `linod prep`.
    """
    return _decorator("background_task", func, defaults)


@overload
def schedule_often(func: Function, /) -> Function: ...
@overload
def schedule_often(every: int = 10, /, **defaults: object) -> Callable[[Function], Function]: ...
def schedule_often(func: object = None, /, **defaults: object) -> Any:
    """A `background_task` that is suggested to run every 10 seconds, or every `every`."""
    if func is not None and not callable(func):  # schedule_often(30)
        if "every" in defaults:
            return _decorator("schedule_often", func, defaults)
        func, defaults = None, {"every": func, **defaults}
    return _decorator("schedule_often", func, {"every": 10, **defaults}, unit="secondly")


@overload
def schedule_daily(func: Function, /) -> Function: ...
@overload
def schedule_daily(**defaults: object) -> Callable[[Function], Function]: ...
def schedule_daily(func: object = None, /, **defaults: object) -> Any:
    """A `background_task` that is suggested to run every day."""
    return _decorator("schedule_daily", func, {"every": 1, **defaults}, unit="daily")


def at_job_start(func: Function) -> Function:
    """Call the decorated function, without arguments, in each job's process before its procedure.

    There a plugin opens anew what its import had opened: connections must not be shared by two processes.
    """
    procedures.add_job_start(func)
    return func


def _decorator(called: str, func: object, defaults: Mapping[str, object], unit: str | None = None) -> Any:
    """What a decorator returns: the function when it was written without parentheses, else what takes the function.

    unit  of a decorator that stands for one.
    """
    refusal = ""
    if unit is not None:
        if defaults.get("every_unit", unit) != unit:
            refusal = f"{called} is {unit}; take background_task for every_unit={defaults['every_unit']!r}"
        defaults = {**defaults, "every_unit": unit}
    if func is not None and not callable(func):
        refusal = f"{called} takes keywords, not {func!r}"

    def register(function: Function) -> Function:
        procedures.add(_procedure(function, defaults, refusal))
        return function

    return register(func) if callable(func) else register


def _procedure(func: object, given: Mapping[str, object], refusal: str) -> Procedure:
    """Read a registration; what is wrong with it becomes the procedure's `problem`."""
    file, line = place_of(func)
    name = name_of(func)
    plugin = procedures.plugin_of(func)
    try:
        if refusal:
            raise BadValue(refusal)
        if not name:
            raise BadValue("has no name; register a function made with def")
        reason = why_not_one_argument(func)
        if reason:
            raise BadValue(reason)
        class_name, run_after, during_initdb = _reserved(given)
        columns = parse_columns({key: value for key, value in given.items() if key not in RESERVED}, name)
    except LinodError as error:
        shown = name or str(getattr(func, "__name__", None) or type(func).__name__)
        return Procedure(shown, plugin, file=file, line=line, problem=f"{file}:{line}: procedure {shown}: {error}")
    run: Any = func
    return Procedure(name, plugin, run, class_name, run_after, during_initdb, columns, file, line)


def _reserved(given: Mapping[str, object]) -> tuple[str, str | None, bool]:
    """The keywords that are no columns."""
    class_name, run_after, during_initdb = (given.get(key) for key in RESERVED)
    if class_name is None:
        class_name = SYSTEM_TASK
    if during_initdb is None:
        during_initdb = True
    if not isinstance(class_name, str) or not class_name:
        raise BadValue(f"class_name={class_name!r}: the name of a kind of task, such as {SYSTEM_TASK!r}")
    if run_after is not None and not isinstance(run_after, str):
        raise BadValue(f"run_after={run_after!r}: the name of a procedure")
    if not isinstance(during_initdb, bool):
        raise BadValue(f"during_initdb={during_initdb!r}: True or False")
    return class_name, run_after, during_initdb
