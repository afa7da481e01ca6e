"""The page about mail: its procedure hands a mail to a real mail server."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from linod.procedures import Procedures, decorators
from linod.testing import run_procedure
from tests.docs.pages import ROOT, blocks

PAGE = ROOT / "docs" / "mail.md"


class Post:
    """What the server does with the mails: it keeps them."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        assert isinstance(envelope.content, bytes)
        self.taken.append(envelope.content)
        return "250 OK"


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def post(free_port: int) -> Iterator[Post]:
    handler = Post()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port)
    controller.start()
    yield handler
    controller.stop()


@pytest.fixture
def page(free_port: int, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The page's module, its mail server at the port of the test."""
    registry = Procedures()
    monkeypatch.setattr(decorators, "procedures", registry)
    [block] = blocks(PAGE, "python")
    module: dict[str, Any] = {"__name__": "reminders"}
    exec(compile(block.text, block.file, "exec"), module)
    assert [(item.name, item.problem) for item in registry.ordered()] == [("send_reminders", "")]
    assert module["MAIL_SERVER"] == ("localhost", 25)
    module["MAIL_SERVER"] = ("127.0.0.1", free_port)
    return module


def test_the_procedure_of_the_page_sends_its_mail(page: dict[str, Any], post: Post) -> None:
    ran = run_procedure(page["send_reminders"])
    assert "INFO Reminded robin@example.com." in ran.log
    [mail] = post.taken
    assert b"Subject: Due today" in mail and b"Invoice 17" in mail


def test_a_server_that_is_away_fails_the_job_with_the_words_of_the_page(page: dict[str, Any]) -> None:
    ran = run_procedure(page["send_reminders"], check=False)
    assert ran.outcome.state == "failed"
    assert ran.outcome.message == "ConnectionRefusedError: [Errno 111] Connection refused"
    assert ran.outcome.message in PAGE.read_text()
