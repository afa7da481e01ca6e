"""The page about plugins names what can be registered."""

from linod.loglevels import LogLevel
from linod.procedures.columns import PARSERS, RESERVED, START
from linod.recurrence.checks import UNITS, WEEKDAYS
from tests.docs.pages import ROOT, rows

PAGE = ROOT / "docs" / "plugins.md"


def test_every_keyword_is_listed() -> None:
    named = {word.strip("`,") for cells in rows(PAGE, "keyword") for word in cells[0].split()} | set(WEEKDAYS)
    assert named - {".."} == {*PARSERS, START, *RESERVED}


def test_every_unit_is_listed_but_the_deprecated_one() -> None:
    cell = next(cells[1] for cells in rows(PAGE, "keyword") if cells[0] == "`every_unit`")
    assert [word.strip("`") for word in cell.split(", ")] == [unit for unit in UNITS if unit != "per_weekday"]


def test_every_logging_level_is_listed() -> None:
    assert [(cells[0], cells[1]) for cells in rows(PAGE, "level")] == [(one.name, str(one.value)) for one in LogLevel]


def test_every_name_of_the_request_is_listed() -> None:
    from linod.request import BaseRequest

    text = " ".join(cells[0] for cells in rows(PAGE, "name"))
    public = {name for name in (*dir(BaseRequest), *vars(BaseRequest())) if not name.startswith("_")}
    assert public == {word.strip("`,").removeprefix("ar.").partition("(")[0] for word in text.split() if "ar." in word}
