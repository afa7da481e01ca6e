"""The letters that came in."""

import subprocess
import sys
from pathlib import Path

import pytest

from linod.demo.database import books
from linod.demo.models import read_inbox
from linod.demo.office import Letter
from linod.testing import run_procedure


def inbox(place: Path, folder: str) -> list[str]:
    return sorted(file.name for file in (place / "Inbox" / folder).iterdir())


def letters() -> list[tuple[str, str, str | None]]:
    with books():
        found = Letter.select().order_by(Letter.id)
        return [(one.sender, one.subject, one.partner.name if one.partner else None) for one in found]


def test_the_inbox_is_read_once(place: Path) -> None:
    assert letters() == []
    assert len(inbox(place, "new")) == 3
    ran = run_procedure(read_inbox)

    assert letters() == [
        ("arens@example.com", "Question about our last invoice", "Arens"),
        ("faymonville@example.com", "Livraison reçue", "Faymonville"),
        ("somebody@example.net", "A great offer", None),
    ]
    assert ran.log[0] == "INFO A letter from Arens: Question about our last invoice"
    assert ran.log[2] == "WARNING A letter from somebody@example.net, who is no partner: A great offer"
    assert inbox(place, "new") == [] and len(inbox(place, "cur")) == 3
    assert run_procedure(read_inbox).log == ()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"From: Ernst@Example.com\nSubject: Hello\n\n", ("ernst@example.com", "Hello", "Ernst")),
        (b"Subject: =?no-such?q?Hello?=\n\n", ("", "=?no-such?q?Hello?=", None)),
        (b"From: x@example.net\nSubject: Gr\xfc\xdfe\n\n\xff", ("x@example.net", "Gr\ufffd\ufffde", None)),
        (b"\x00\xff\n", ("", "", None)),
        (b"", ("", "", None)),
    ],
)
def test_a_letter_may_be_anything(place: Path, raw: bytes, expected: tuple[str, str, str | None]) -> None:
    with books():
        pass
    (place / "Inbox" / "new" / "0.first").write_bytes(raw)
    run_procedure(read_inbox)
    assert letters()[0] == expected
    assert len(letters()) == 4


def test_a_letter_that_was_filed_but_not_marked_is_filed_once(place: Path) -> None:
    run_procedure(read_inbox)
    for name in inbox(place, "cur"):
        (place / "Inbox" / "cur" / name).rename(place / "Inbox" / "new" / name.partition(":")[0])
    assert run_procedure(read_inbox).log == ()
    assert len(letters()) == 3 and inbox(place, "new") == []


def test_what_is_new_in_the_inbox_stays_when_others_come_first(place: Path) -> None:
    """Two jobs that make the books at once make one inbox."""
    program = "from linod.demo.database import books\nwith books(): pass"
    jobs = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(3)]
    assert [job.wait(60) for job in jobs] == [0, 0, 0]
    assert inbox(place, "new") == ["1.sample.example", "2.sample.example", "3.sample.example"]
