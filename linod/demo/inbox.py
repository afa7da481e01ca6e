"""Reading the mail that came in: into the table of letters, each once."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.header import decode_header, make_header
from email.parser import BytesParser
from email.utils import parseaddr
from functools import partial
from hashlib import sha256
from pathlib import Path

from linod.demo.database import books, transaction
from linod.demo.office import Letter
from linod.demo.place import directory
from linod.demo.tables import Partner

Mails = Iterator[tuple[bytes, Callable[[], object]]]
"""Mails as they came, each with what marks it as read."""


def read() -> Iterator[Letter]:
    """File what is new: on the server $LINOD_DEMO_IMAP (see `imap`), else in the Maildir `Inbox` beside the books.

    A letter is marked after it was filed: a crash in between reads it again, and its Message-ID is known then.
    Yields  each letter that was filed.
    Raises  Warning when the server is away; what is new stays there.
    """
    with books(), _new() as mails:
        for mail, mark in mails:
            letter = _file(mail)
            mark()
            if letter is not None:
                yield letter


@contextmanager
def _new() -> Iterator[Mails]:
    url = os.environ.get("LINOD_DEMO_IMAP")
    if not url:
        yield _of_maildir(directory() / "Inbox")
        return
    from imaplib import IMAP4

    from linod.demo.imap import unseen

    try:
        with unseen(url) as mails:
            yield mails
    except (OSError, IMAP4.abort) as error:
        raise Warning(f"the mail server does not answer: {error}") from error


def _of_maildir(inbox: Path) -> Mails:
    """See maildir(5): new mails are in `new`, and `S` is for seen."""
    for file in sorted((inbox / "new").iterdir()):
        with suppress(FileNotFoundError):  # another reader was faster
            yield file.read_bytes(), partial(_move, file, inbox / "cur" / f"{file.name}:2,S")


def _move(file: Path, target: Path) -> None:
    with suppress(FileNotFoundError):
        file.rename(target)


def _file(mail: bytes) -> Letter | None:
    """Make the row of one letter; None when it is there."""
    head = BytesParser().parsebytes(mail, headersonly=True)
    address = parseaddr(_text(head["From"]))[1].lower()
    own_id = _text(head["Message-ID"]) or sha256(mail).hexdigest()
    with transaction():
        if Letter.get_or_none(Letter.message_id == own_id) is not None:
            return None
        partner = Partner.get_or_none(Partner.email == address)
        return Letter.create(message_id=own_id, sender=address, partner=partner, subject=_text(head["Subject"]))


def _text(header: object) -> str:
    """A header as people read it; as it came, when it is not what it says."""
    raw = "" if header is None else str(header).strip()
    try:
        return str(make_header(decode_header(raw)))
    except (LookupError, ValueError):  # an unknown charset, impossible bytes
        return raw
