"""What can be registered: a named callable that takes one argument.

`inspect` takes 6 ms to import, in the worker host on the way to READY: so it is asked only about what is not a plain
function that fits.
"""

from types import FunctionType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inspect import Parameter

VARARGS, GENERATORS = 0x04, 0x20 | 0x200
"""Flags of a code object: CO_VARARGS, CO_GENERATOR and CO_ASYNC_GENERATOR of the inspect module."""


def why_not_one_argument(func: object) -> str:
    """Why `func(ar)` would not run it: "needs ar, voucher; ..."; "" when it would."""
    return why_not(func, 1, "a procedure takes one argument, ar")


def why_not(func: object, given: int, rule: str) -> str:
    """Why `func` cannot be called with `given` positional arguments and run; "" when it can.

    rule  ends the text: what should be.
    """
    if isinstance(func, FunctionType) and _fits(func, given):
        return ""
    return _why_not(func, given, rule)


def _fits(func: FunctionType, given: int) -> bool:
    code = func.__code__
    needed = code.co_argcount - len(func.__defaults__ or ())
    by_name = code.co_kwonlyargcount - len(func.__kwdefaults__ or ())
    enough = bool(given <= code.co_argcount or code.co_flags & VARARGS)
    return not code.co_flags & GENERATORS and not by_name and needed <= given and enough


def _why_not(func: object, given: int, rule: str) -> str:
    import inspect

    if isinstance(func, type):
        return "is a class; register a function"
    if isinstance(func, classmethod) or not callable(func):
        return f"is a {type(func).__name__}, which cannot be called; register a function"
    if any(inspect.isgeneratorfunction(code) or inspect.isasyncgenfunction(code) for code in _codes(func)):
        return "is a generator: calling it runs nothing; take the yield away"
    try:
        signature = inspect.signature(func, follow_wrapped=False)  # what is called is the wrapper, not the wrapped
    except ValueError:  # a built-in that does not tell
        return ""
    try:
        signature.bind(*[None] * given)
    except TypeError:
        needed = [_shown(parameter) for parameter in signature.parameters.values() if _needed(parameter)]
        enough = len(needed) <= given and "=" not in "".join(needed)
        return f"takes no argument; {rule}" if enough else f"needs {', '.join(needed)}; {rule}"
    return ""


def _codes(func: object) -> tuple[object, ...]:
    """Where the code of a callable may be: itself, or the method that calls an instance."""
    return getattr(func, "__func__", func), getattr(type(func), "__call__", None)  # noqa: B004  # looked at, not called


def _needed(parameter: "Parameter") -> bool:
    optional = parameter.default is not parameter.empty
    return not optional and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)


def _shown(parameter: "Parameter") -> str:
    return f"{parameter.name}=" if parameter.kind is parameter.KEYWORD_ONLY else parameter.name


def place_of(func: object) -> tuple[str, int]:
    """File and line where it was defined; ("", 0) for what has no Python code."""
    for inner in _codes(func):
        code = getattr(inner, "__code__", None)
        if code is not None:
            return code.co_filename, code.co_firstlineno
    return "", 0


def name_of(func: object) -> str:
    """Its name, which becomes the procedure's; "" when it has none that can be typed."""
    name = getattr(func, "__name__", "")
    return name if isinstance(name, str) and name.isidentifier() else ""
