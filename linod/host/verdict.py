"""How a procedure ended, in words. Runs in the child; only strings leave it, because an exception with an
`__init__` of its own does not survive pickling."""

import errno
import os
import traceback
from types import TracebackType

from linod.host.protocol import (
    EXIT_FAILED,
    EXIT_SUCCEEDED,
    EXIT_WARNED,
    MESSAGE_BYTES,
    TERMINATED,
    TRACEBACK_BYTES,
    Message,
)
from linod.host.text import clean, cut, cut_head, size
from linod.jobs import State
from linod.tuples import NamedTuple

DENIED = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


class JobTerminated(BaseException):
    """Raised in a procedure when its job is told to end (SIGTERM): clean up, and let it pass.

    A BaseException, so that `except Exception` does not swallow it. An `async def` procedure sees CancelledError
    instead.
    """


class Verdict(NamedTuple):
    """The outcome as the child knows it.

    exit_code    what the process then exits with, when the verdict was reported.
    unreported   what it exits with when it could not be: the code alone tells the outcome.
    """

    state: State
    message: str = ""
    traceback: str = ""
    exit_code: int = 0

    def report(self, signalled: bool) -> Message:
        """The last line of the job's stream. `signalled`: the job was told to end before this was known."""
        return {
            "state": self.state.value,
            "message": self.message,
            "traceback": self.traceback,
            "signalled": signalled,
        }

    @property
    def unreported(self) -> int:
        return {State.SUCCEEDED: EXIT_SUCCEEDED, State.WARNED: EXIT_WARNED}.get(self.state, EXIT_FAILED)


def of_exception(error: BaseException, memory_max: int = 0) -> Verdict:
    """What an exception that a procedure let out means for its job.

    memory_max  bytes that its process may have, 0 when nothing limits it.
    """
    if memory_max and isinstance(error, MemoryError):
        message = f"a process of it wanted more than {size(memory_max)}, its memory_max"
        return Verdict(State.OUT_OF_MEMORY, message, _traceback(error), 1)
    if isinstance(error, Warning):
        return Verdict(State.WARNED, _limited(_text(error) or type(error).__name__))
    if isinstance(error, SystemExit):
        return _of_exit(error)
    if isinstance(error, JobTerminated):
        return Verdict(State.FAILED, TERMINATED, _traceback(error), 1)
    return Verdict(State.FAILED, _limited(_one_line(error) + _cure(error)), _traceback(error), 1)


def of_hook(error: BaseException, name: str, module: str) -> Verdict:
    """A function under @at_job_start raised: the procedure was not called, whatever the exception is."""
    message = f"at_job_start {module}.{name} failed: {_one_line(error)}{_cure(error)}"
    return Verdict(State.FAILED, _limited(message), _traceback(error), 1)


def _of_exit(error: SystemExit) -> Verdict:
    """sys.exit: as the interpreter takes it, None and 0 are success, a number is the status, and a text means
    status 1."""
    code = error.code
    if code is None or code == 0:
        return Verdict(State.SUCCEEDED, f"called sys.exit({'' if code is None else 0})")
    if isinstance(code, int):
        return Verdict(State.FAILED, f"called sys.exit({code})", _traceback(error), code & 0xFF or 1)
    return Verdict(State.FAILED, _limited(f"called sys.exit: {_text(error)}"), _traceback(error), 1)


def _one_line(error: BaseException) -> str:
    """ "ValueError: bad voucher 17", as the last line of a traceback but without the module."""
    text = _text(error)
    name = type(error).__name__
    return f"{name}: {text}" if text else name


def _cure(error: BaseException) -> str:
    """What to do about it, when it comes of the unit's sandbox or of its user: each of them is news to who wrote the
    procedure."""
    if not isinstance(error, OSError) or error.errno not in DENIED or "INVOCATION_ID" not in os.environ:
        return ""
    try:
        from linod.host.denied import cure

        return cure(error)
    except Exception:  # an odd path, a file that went away: what the procedure raised stands without it
        return ""


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as second:  # somebody's __str__
        return f"<its text cannot be had: __str__ raised {type(second).__name__}>"


def _traceback(error: BaseException) -> str:
    try:
        frames = _without_ours(error.__traceback__)
        text = "".join(traceback.format_exception(type(error), error, frames))
    except Exception as second:  # MemoryError, RecursionError, a module whose __name__ is no string
        return f"<the traceback cannot be had: {type(second).__name__}>"
    return cut_head(clean(text), TRACEBACK_BYTES)


def _without_ours(trace: TracebackType | None) -> TracebackType | None:
    """The traceback from the procedure's own frame on."""
    here = os.path.dirname(__file__)  # noqa: PTH120 - pathlib costs the host 5 ms
    ours = (here, here.removesuffix("host") + "foreground")
    frames = trace
    while frames is not None and frames.tb_frame.f_code.co_filename.startswith(ours):
        frames = frames.tb_next
    return frames or trace


def _limited(message: str) -> str:
    return cut(clean(message), MESSAGE_BYTES)
