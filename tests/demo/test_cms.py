"""The web site's procedures: what is published, and what is found wrong."""

from pathlib import Path

from linod.demo.cms.models import checkdata, update_publisher_pages
from linod.demo.cms.pages import as_html
from linod.testing import run_procedure

BROKEN = "WARNING Page index has a link 'opening hours' to a page hours, which does not exist."


def test_pages_are_published_as_html(place: Path) -> None:
    ran = run_procedure(update_publisher_pages)

    assert ran.log == ("INFO Wrote 3 pages, removed 0.",)
    assert {file.name for file in (place / "public").iterdir()} == {"index.html", "pears.html", "plums.html"}
    assert '<p>We grow <a href="pears.html">pears</a> &amp;' in (place / "public" / "index.html").read_text()


def test_only_what_has_changed_is_written(place: Path) -> None:
    run_procedure(update_publisher_pages)
    assert run_procedure(update_publisher_pages).log == ("INFO Wrote 0 pages, removed 0.",)

    (place / "pages" / "pears.txt").write_text("Pears\n\nSold out, too.\n")
    (place / "pages" / "plums.txt").rename(place / "pages" / "quinces.txt")
    assert run_procedure(update_publisher_pages).log == ("INFO Wrote 2 pages, removed 1.",)
    assert {file.name for file in (place / "public").iterdir()} == {"index.html", "pears.html", "quinces.html"}
    assert "Sold out, too." in (place / "public" / "pears.html").read_text()


def test_checkdata_names_links_that_lead_nowhere_and_pages_without_a_title(place: Path) -> None:
    ran = run_procedure(checkdata)
    assert (ran.log, ran.outcome.message) == ((BROKEN,), "1 data problems")

    (place / "pages" / "plums.txt").write_text("\nThey are sold out.\n")
    ran = run_procedure(checkdata)
    assert ran.log == (BROKEN, "WARNING Page plums has no title.")
    assert (ran.outcome.state, ran.outcome.message) == ("warned", "2 data problems")


def test_checkdata_on_good_pages_succeeds(place: Path) -> None:
    run_procedure(update_publisher_pages)
    (place / "pages" / "hours.txt").write_text("Opening hours\n\nAlways.\n")
    assert run_procedure(checkdata).log == ()


def test_a_text_is_no_html() -> None:
    assert "<h1>a &lt;b&gt;</h1>\n<p>&lt;script&gt;</p>\n" in as_html("a <b>\n\n<script>\n")
