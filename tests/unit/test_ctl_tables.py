"""Tables, and text that is safe to print."""

from hypothesis import given
from hypothesis import strategies as st

from linod.cli.ctl.terminal import paint
from linod.tables.render import columns, one_line, safe, table


def test_a_table_looks_as_on_linos_page() -> None:
    rows = [(1, "checkdata", "INFO", False), (10, "read_inbox", "WARNING", True)]
    assert table(("No.", "Name", "Logging level", "Disabled"), rows).splitlines() == [
        "===== ============ =============== ==========",
        " No.   Name         Logging level   Disabled",
        "----- ------------ --------------- ----------",
        " 1     checkdata    INFO            No",
        " 10    read_inbox   WARNING         Yes",
        "===== ============ =============== ==========",
    ]


def test_the_page_s_log_levels() -> None:
    rows = [("DEBUG", "DEBUG", 10), ("CRITICAL", "CRITICAL", 50)]
    assert table(("value", "text", "Numeric value"), rows) == (
        "========== ========== ===============\n"
        " value      text       Numeric value\n"
        "---------- ---------- ---------------\n"
        " DEBUG      DEBUG      10\n"
        " CRITICAL   CRITICAL   50\n"
        "========== ========== ==============="
    )


def test_the_widest_column_is_cut_to_the_terminal() -> None:
    lines = table(("No.", "Status"), [(1, "Scheduled to run at 24.11.2026 22:44")], 30).splitlines()
    assert max(map(len, lines)) <= 30
    assert lines[3] == " 1     Scheduled to run at 2…"


def test_headers_are_never_cut() -> None:
    lines = table(("Background procedure", "No."), [("x" * 100, 1)], 10).splitlines()
    assert lines[1] == " Background procedure   No."


def test_no_rows() -> None:
    assert table(("No.",), []) == "No data to display"


def test_cells_are_one_line() -> None:
    assert one_line(None) == ""
    assert one_line(True) == "Yes"
    assert one_line(0) == "0"
    assert one_line("first\nsecond") == "first …"
    assert one_line("\n") == ""


def test_wide_and_combining_characters_are_counted_as_terminals_do() -> None:
    assert columns("日本") == 4
    assert columns("e\u0301") == 1
    lines = table(("Name",), [("日本",), ("abcd",)]).splitlines()
    assert lines[3:5] == [" 日本", " abcd"]


def test_what_a_plugin_logs_cannot_repaint_the_terminal() -> None:
    assert safe("\x1b[2Jgone\r\n\ttab\x07é") == "\\x1b[2Jgone\\r\n\ttab\\x07é"
    assert paint("x", "red") == "\x1b[31mx\x1b[0m"


@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40)), min_size=1), st.integers(0, 200))
def test_any_text_fits(rows: list[tuple[str, str]], width: int) -> None:
    lines = table(("a", "b"), rows, width).splitlines()
    assert len(lines) == len(rows) + 4
    assert all(line.isprintable() for line in lines)
    assert all(columns(line) <= max(width, 25) for line in lines)
