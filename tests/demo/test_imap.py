"""The inbox on a real IMAP server."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from imaplib import IMAP4
from pathlib import Path
from typing import NamedTuple

import pytest

from linod.demo.database import books
from linod.demo.models import read_inbox
from linod.demo.office import Letter
from linod.testing import run_procedure
from tests.demo.terminal import DEADLINE

USER, PASSWORD = "robin", "p@ss 100%"
LETTER = (
    b"From: Ernst <ernst@example.com>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <1@e>\r\n\r\nHello\r\n"
)


class Server(NamedTuple):
    """An IMAP server with one user, whose INBOX is empty at first."""

    port: int

    def client(self) -> IMAP4:
        client = IMAP4("127.0.0.1", self.port, timeout=DEADLINE)
        client.login(USER, PASSWORD)
        client.select("INBOX")
        return client

    def put(self, mail: bytes) -> None:
        with self.client() as client:
            assert client.append("INBOX", "", "", mail)[0] == "OK"

    def unseen(self) -> int:
        with self.client() as client:
            return len(client.search(None, "UNSEEN")[1][0].split())

    def url(self, password: str = "p%40ss%20100%25") -> str:
        return f"imap://{USER}:{password}@127.0.0.1:{self.port}"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server that runs."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("pymap")), "--host", "127.0.0.1", "--port", str(port), "--no-tls"]
    log = tmp_path_factory.mktemp("imap") / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, "dict", "--demo-user", USER, "--demo-password", PASSWORD], stdout=output, stderr=output
        )
    try:
        _wait_until_it_listens(port, server, log)
        yield port
    finally:
        server.terminate()
        server.wait(DEADLINE)


def _wait_until_it_listens(port: int, server: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + DEADLINE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), DEADLINE).close()
            return
        except ConnectionRefusedError:
            with suppress(subprocess.TimeoutExpired):
                server.wait(0.05)
            assert server.poll() is None and time.monotonic() < end, log.read_text()


@pytest.fixture
def server(place: Path, running: int, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server with an empty INBOX, and the demo configured for it."""
    server = Server(running)
    with server.client() as client:
        client.store("1:*", "+FLAGS", r"(\Deleted)")
        client.expunge()
    monkeypatch.setenv("LINOD_DEMO_IMAP", server.url())
    return server


def letters() -> list[tuple[str, str]]:
    with books():
        return [(letter.sender, letter.subject) for letter in Letter.select().order_by(Letter.id)]


def test_new_mails_on_the_server_are_filed_once_and_marked(server: Server) -> None:
    server.put(LETTER)
    server.put(b"From: somebody@example.net\r\nSubject: Offer\r\nMessage-ID: <2@e>\r\n\r\nOnly today\r\n")
    assert server.unseen() == 2
    ran = run_procedure(read_inbox)

    assert ran.log == (
        "INFO A letter from Ernst: Grüße",
        "WARNING A letter from somebody@example.net, who is no partner: Offer",
    )
    assert letters() == [("ernst@example.com", "Grüße"), ("somebody@example.net", "Offer")]
    assert server.unseen() == 0
    assert run_procedure(read_inbox).log == ()


def test_a_mail_that_was_filed_but_not_marked_is_filed_once(server: Server) -> None:
    server.put(LETTER)
    run_procedure(read_inbox)
    with server.client() as client:
        client.store("1", "-FLAGS", r"(\Seen)")
    assert server.unseen() == 1
    assert run_procedure(read_inbox).log == ()
    assert (len(letters()), server.unseen()) == (1, 0)


def test_while_the_server_is_away_the_job_warns(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINOD_DEMO_IMAP", "imap://robin:secret@127.0.0.1:1")
    ran = run_procedure(read_inbox)
    assert ran.outcome.state == "warned"
    assert ran.outcome.message.startswith("the mail server does not answer: ")


def test_a_refused_password_is_an_error_that_does_not_show_it(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINOD_DEMO_IMAP", server.url(password="forgotten"))
    ran = run_procedure(read_inbox, check=False)
    assert ran.outcome.state == "failed"
    assert "forgotten" not in ran.outcome.message + ran.outcome.traceback


@pytest.mark.parametrize(
    "url", ["127.0.0.1:143", "http://robin:secret@127.0.0.1", "imap://127.0.0.1", "imap://x:secret@"]
)
def test_a_url_that_cannot_be_one_is_an_error_that_does_not_show_it(
    place: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("LINOD_DEMO_IMAP", url)
    with pytest.raises(ValueError, match=r"^LINOD_DEMO_IMAP must be imap://USER:PASSWORD@HOST:PORT$"):
        run_procedure(read_inbox)
