"""Importing the site's plugins, and seeing what that left open. Runs in the host."""

import importlib
import os
import sys
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from linod.host.entry_points import plugin_modules
from linod.host.findings import Inventory
from linod.host.protocol import MESSAGE_BYTES, TRACEBACK_BYTES, Message
from linod.host.text import clean, cut, cut_head
from linod.procedures import procedures
from linod.tasks import SYSTEM_TASK

if TYPE_CHECKING:
    from linod.kinds import Kind
    from linod.procedures import Procedure

Send = Callable[[Message], None]


def load_all(
    plugins: Sequence[str], path: Sequence[str], *, entry_points: bool, without: Collection[str], send: Send
) -> None:
    """Import every plugin and report each: `loading` before, its findings and a `plugin` after; at last the kinds of
    task, and the procedures.

    plugins       modules, in the order of the settings; those of the entry points follow.
    path          directories put first on sys.path.
    entry_points  look for those.
    without       plugins that took a host down before: named by the daemon, not imported.
    """
    sys.path[:0] = path
    for name in _names(plugins, entry_points):
        if name not in without:
            send({"type": "loading", "plugin": name})
            _load(name, send)
    kinds = _kinds()
    for kind in kinds:
        send({"type": "kind", "kind": kind.to_wire()})
    for procedure in _checked(kinds):
        send({"type": "procedure", "procedure": procedure.to_wire()})


def _kinds() -> "list[Kind]":
    """The kinds of task that plugins define. Nobody has, while nobody has imported the models: peewee is 50 ms."""
    if "linod.models" not in sys.modules:
        return []
    from linod.models.kinds import site_kinds

    return site_kinds(procedures.plugin_of)


def _checked(kinds: "Sequence[Kind]") -> "list[Procedure]":
    """The procedures in order; one for a kind of task that nobody defines, or that cannot be used, gets a problem."""
    for procedure in procedures.ordered():
        if procedure.class_name != SYSTEM_TASK and not procedure.problem:
            from linod.models.kinds import why_no_kind

            procedures.refuse(procedure, why_no_kind(procedure.class_name, kinds))
    return procedures.ordered()


def _names(plugins: Sequence[str], entry_points: bool) -> Iterator[str]:
    """Each plugin once."""
    found = plugin_modules(sys.path) if entry_points else []
    yield from dict.fromkeys([*plugins, *found])


def _load(name: str, send: Send) -> None:
    before = Inventory.take()
    report: Message = {"type": "plugin", "name": name, "file": "", "ok": True, "error": "", "traceback": ""}
    try:
        with procedures.loading(name):  # which takes back what half a plugin has registered
            _import(name)
    except BaseException as error:  # a plugin's code: whatever it raises is about this plugin only
        report |= _failure(name, error)
        if "linod.models" in sys.modules:
            from linod.models.runnable import forget_kinds

            forget_kinds(name)
    module = sys.modules.get(name)
    report["file"] = getattr(module, "__file__", None) or report["file"]
    for kind, text, cure in before.left_open():
        send({"type": "finding", "plugin": name, "kind": kind, "text": clean(text), "cure": cure})
    send(report)


def _import(name: str) -> None:
    """Import a module; of a package also `models`, where Lino's plugins keep their procedures."""
    module = importlib.import_module(name)
    if hasattr(module, "__path__"):
        models = f"{name}.models"
        try:
            importlib.import_module(models)
        except ModuleNotFoundError as error:
            if error.name != models:
                raise


def _failure(name: str, error: BaseException) -> Message:
    """What a `plugin` message says about a plugin that raised: error, place, traceback."""
    frames = _own_frames(error.__traceback__)
    what = _in_words(error)
    place = _place(error, frames)
    trace = "".join(traceback.format_exception(type(error), error, frames))
    return {
        "ok": False,
        "file": place.rpartition(":")[0],
        "error": cut(clean(f"{place}: {what}" if place else what), MESSAGE_BYTES),
        "traceback": cut_head(clean(trace), TRACEBACK_BYTES),
    }


def _in_words(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"called sys.exit({'' if error.code is None else repr(error.code)}) when imported"
    return traceback.format_exception_only(error)[-1].strip()


def _own_frames(trace: TracebackType | None) -> TracebackType | None:
    """The traceback without linod's and importlib's frames on top; None when nothing else is there."""
    ours = (os.path.dirname(os.path.abspath(__file__)), "<frozen importlib", os.path.dirname(importlib.__file__ or "-"))  # noqa: PTH100, PTH120
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(ours):
        trace = trace.tb_next
    return trace


def _place(error: BaseException, frames: TracebackType | None) -> str:
    """FILE:LINE of the plugin's own code where it went wrong: of a syntax error, else the innermost frame that is
    no library's."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    places = [
        f"{frame.filename}:{frame.lineno}"
        for frame in traceback.extract_tb(frames)
        if "/lib/python" not in frame.filename
    ]
    return places[-1] if places else ""
