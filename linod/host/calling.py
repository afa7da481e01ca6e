"""Calling what plugins registered: the functions for each job's beginning, and the procedure."""

from collections.abc import Callable

from linod.host.verdict import JobTerminated, Verdict, of_hook
from linod.models.kinds import own_run
from linod.procedures import procedures
from linod.request import BaseRequest
from linod.tasks import SYSTEM_TASK


def find(name: str, kind: str | None) -> Callable[[BaseRequest], object]:
    """What a job calls: the `run` of its task when the kind has one of its own, else the function of the procedure.

    kind     of the task; None when nobody knows.
    Returns  for a procedure that cannot run a function that raises LookupError with the reason.
    """
    procedure = procedures.get(name)
    if procedure is not None and procedure.func is not None and not procedure.problem:
        return _run_of_task if kind not in (None, SYSTEM_TASK) and own_run(str(kind)) else procedure.func
    problem = procedure.problem if procedure is not None else f"no plugin of this host has the procedure {name!r}"

    def cannot_run(ar: BaseRequest) -> None:
        raise LookupError(problem)

    return cannot_run


def _run_of_task(ar: BaseRequest) -> object:
    return ar.task.run(ar)


def run_hooks() -> Verdict | None:
    """Call what @at_job_start registered; the verdict of the first that fails."""
    for hook in procedures.job_start_hooks:
        try:
            hook()
        except JobTerminated:
            raise
        except BaseException as error:  # whatever it is: what the hook was to do is not done
            return of_hook(error, getattr(hook, "__qualname__", repr(hook)), getattr(hook, "__module__", ""))
    return None


def call(func: Callable[[BaseRequest], object], ar: BaseRequest, told: Callable[[], None]) -> None:
    """Call a procedure; of a coroutine function run what it returns to its end.

    told  called when the job is told to end while a coroutine runs, which then sees CancelledError.
    """
    result = func(ar)
    if hasattr(result, "__await__"):
        from linod.host.coroutine import run  # asyncio is 50 ms: the host imports it when a procedure is `async def`

        run(result, told)
