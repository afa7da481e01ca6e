"""The outbox: delivery into a Maildir, and to a real mail server."""

import mailbox
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from linod.demo.database import books, transaction
from linod.demo.mail import write_mail
from linod.demo.models import send_pending_emails_often
from linod.demo.tables import Mail
from linod.testing import run_procedure


class Post:
    """What the server does with the mails: it keeps them, but for those to `refused` and `postponed`."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes]] = []

    async def handle_RCPT(  # noqa: N802 - the server's name for it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("refused"):
            return "550 No such user"
        if address.startswith("postponed"):
            return "451 Later, please"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        if b"Subject: too much" in envelope.content:
            return "554 Refused by policy"
        self.taken.append((envelope.rcpt_tos[0], envelope.content))
        return "250 OK"


@pytest.fixture
def post(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    """A mail server, and the demo configured for it."""
    handler = Post()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        monkeypatch.setenv("LINOD_DEMO_SMTP", f"127.0.0.1:{port}")
        yield handler
    finally:
        controller.stop()


def put(recipient: str, subject: str = "Hello") -> None:
    with books(), transaction():
        write_mail(recipient, subject, "Grüße")


def waiting() -> list[str]:
    with books():
        return [mail.recipient for mail in Mail.select().where(Mail.sent.is_null(), Mail.refused == "")]


def test_without_a_server_mails_go_into_a_maildir(place: Path) -> None:
    put("ernst@example.com", "Größe")
    ran = run_procedure(send_pending_emails_often)

    assert ran.log[-1] == f"INFO Delivered 2 of 2 mails to {place / 'Maildir'}."
    letters = sorted(mailbox.Maildir(place / "Maildir", create=False), key=lambda letter: str(letter["To"]))
    assert [letter["To"] for letter in letters] == ["arens@example.com", "ernst@example.com"]
    assert all(letter["Message-ID"] and letter["Date"] for letter in letters)
    assert waiting() == []


def test_what_was_delivered_is_not_delivered_again(place: Path) -> None:
    run_procedure(send_pending_emails_often)
    ran = run_procedure(send_pending_emails_often)
    assert ran.log == ()
    assert len(list((place / "Maildir" / "new").iterdir())) == 1


def test_a_server_gets_the_mails(post: Post) -> None:
    put("ernst@example.com", "Größe")
    run_procedure(send_pending_emails_often)
    assert [recipient for recipient, _ in post.taken] == ["arens@example.com", "ernst@example.com"]
    assert b"From: bookkeeping@example.com" in post.taken[0][1]
    assert waiting() == []


def test_a_mail_refused_for_good_is_named_once_and_holds_up_no_other(post: Post) -> None:
    put("refused@example.com")
    put("ernst@example.com", "too much")
    put("hilgers@example.com")
    ran = run_procedure(send_pending_emails_often)

    assert "WARNING The mail to refused@example.com was refused: 550 No such user" in ran.log
    assert "WARNING The mail to ernst@example.com was refused: 554 Refused by policy" in ran.log
    assert [recipient for recipient, _ in post.taken] == ["arens@example.com", "hilgers@example.com"]
    assert ran.outcome.state == "succeeded"
    assert waiting() == []


def test_a_mail_that_the_server_wants_later_waits(post: Post) -> None:
    put("postponed@example.com")
    ran = run_procedure(send_pending_emails_often)
    assert ran.outcome.state == "warned"
    assert ran.outcome.message.startswith("1 mails wait, the mail server did not take them: ")
    assert waiting() == ["postponed@example.com"]


def test_while_the_server_is_away_the_mails_wait(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINOD_DEMO_SMTP", "127.0.0.1:1")
    ran = run_procedure(send_pending_emails_often)
    assert ran.outcome.state == "warned"
    assert "Connection refused" in ran.outcome.message
    assert waiting() == ["arens@example.com"]


def test_a_server_that_cannot_be_one_is_an_error(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINOD_DEMO_SMTP", "mail.example.com")
    with pytest.raises(ValueError, match=r"must be HOST:PORT, not 'mail.example.com'"):
        run_procedure(send_pending_emails_often)
