"""What the documentation makes of docstrings."""

import importlib.util
import inspect
from collections.abc import Callable

from linod.procedures import background_task
from tests.docs.pages import ROOT

FILE = ROOT / "docs" / "html" / "docstrings.py"


def rewriting() -> Callable[[list[str]], list[str]]:
    spec = importlib.util.spec_from_file_location("docstrings", FILE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    rewritten: Callable[[list[str]], list[str]] = module.rewritten
    return rewritten


def test_a_list_of_names_becomes_a_list() -> None:
    text = ["Run a task.", "", "task     the row,", "         detached.", "Returns  the job.", "", "It takes a while."]
    assert [line for line in rewriting()(text) if line] == [
        "Run a task.",
        "**task**",
        "    the row,",
        "    detached.",
        "**Returns**",
        "    the job.",
        "It takes a while.",
    ]


def test_a_long_name_has_its_text_below() -> None:
    text = ["job      the job.", "a, longer_name", "         its text.", "logger   the logger."]
    found = [line for line in rewriting()(text) if line]
    assert found == ["**job**", "    the job.", "**a, longer_name**", "    its text.", "**logger**", "    the logger."]


def test_a_list_within_the_text_is_one_too() -> None:
    lines = rewriting()(inspect.cleandoc(background_task.__doc__ or "").splitlines())
    assert "**run_after**" in lines and "**during_initdb**" in lines


def test_other_text_stays_as_it_is() -> None:
    text = ["One line.", "", "A second,  with two blanks.", "task  in the middle of a paragraph.", "    code  here"]
    assert rewriting()(text) == text


def test_a_place_in_a_file_is_no_address() -> None:
    assert rewriting()(["why: FILE:LINE: ..."]) == ["why: FILE\\:LINE: ..."]
