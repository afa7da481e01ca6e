"""Reading the mail that came in: into the table of letters, each once."""

from collections.abc import Iterator
from contextlib import suppress
from email.header import decode_header, make_header
from email.parser import BytesParser
from email.utils import parseaddr
from hashlib import sha256

from linod.demo.database import books, transaction
from linod.demo.office import Letter
from linod.demo.place import directory
from linod.demo.tables import Partner


def read() -> Iterator[Letter]:
    """File what is new in the Maildir `Inbox` beside the books, and mark it there as read (maildir(5)).

    A letter is marked after it was filed: a crash in between reads it again, and its Message-ID is known then.
    Yields  each letter that was filed.
    """
    inbox = directory() / "Inbox"
    with books():
        for file in sorted((inbox / "new").iterdir()):
            with suppress(FileNotFoundError):  # another reader was faster
                letter = _file(file.read_bytes())
                file.rename(inbox / "cur" / f"{file.name}:2,S")
                if letter is not None:
                    yield letter


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
