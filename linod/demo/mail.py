"""The outbox and its delivery. smtplib, mailbox and email take 50 ms to import: only a job with mail to send does."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from linod import BaseRequest
from linod.demo.database import books
from linod.demo.place import directory
from linod.demo.tables import Mail, utcnow

if TYPE_CHECKING:
    from email.message import EmailMessage

SENDER = "bookkeeping@example.com"
SMTP_TIMEOUT = 10
"""Seconds to wait for the mail server: a job should not hang because another machine does."""

Carry = Callable[["EmailMessage"], object]


class Refused(Exception):
    """The mail server will never take this mail."""


def write_mail(recipient: str, subject: str, body: str) -> None:
    """Put a mail into the outbox, in the caller's transaction: it exists when what it tells of does."""
    Mail.create(recipient=recipient, subject=subject, body=body)


def send_pending(ar: BaseRequest) -> None:
    """Deliver what waits in the outbox.

    A mail is marked after it was taken: a crash in between sends it twice, under the same Message-ID, but never loses
    it. A mail that is refused for good is marked and named; a server that is away ends the job with a warning, and the
    mails wait for the next one.
    """
    with books():
        waiting = list(Mail.select().where(Mail.sent.is_null(), Mail.refused == "").order_by(Mail.id))
        if not waiting:
            ar.debug("No mail is waiting.")
            return
        sent = 0
        try:
            with carrier() as (carry, where):
                for mail in waiting:
                    sent += _deliver(ar, mail, carry)
        except OSError as error:  # smtplib's errors are OSErrors too
            raise Warning(f"{len(waiting) - sent} mails wait, the mail server did not take them: {error}") from error
        ar.info("Delivered %d of %d mails to %s.", sent, len(waiting), where)


def _deliver(ar: BaseRequest, mail: Mail, carry: Carry) -> int:
    """Deliver one mail and mark it. Returns 1 when it was taken, 0 when it was refused."""
    try:
        carry(_message(mail))
    except Refused as error:
        Mail.update(refused=str(error)[:255]).where(Mail.id == mail.id).execute()
        ar.warning("The mail to %s was refused: %s", mail.recipient, error)
        return 0
    Mail.update(sent=utcnow()).where(Mail.id == mail.id).execute()
    ar.debug("Sent %r to %s.", mail.subject, mail.recipient)
    return 1


def _message(mail: Mail) -> "EmailMessage":
    from email.message import EmailMessage
    from email.utils import format_datetime

    message = EmailMessage()
    message["From"] = SENDER
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.created)
    message["Message-ID"] = f"<{mail.id}.{mail.created:%Y%m%d%H%M%S}@linod-demo.example.com>"
    message.set_content(mail.body)
    return message


@contextmanager
def carrier() -> Iterator[tuple[Carry, str]]:
    """What takes the mails, and its name: the server $LINOD_DEMO_SMTP ("HOST:PORT"), else a Maildir by the books."""
    server = os.environ.get("LINOD_DEMO_SMTP")
    if server:
        with _smtp(server) as carry:
            yield carry, server
    else:
        from mailbox import Maildir

        place = directory() / "Maildir"
        yield Maildir(place).add, str(place)


@contextmanager
def _smtp(server: str) -> Iterator[Carry]:
    """An open connection to the mail server. Raises OSError when it is away, the carrying function also Refused."""
    from smtplib import SMTP, SMTPDataError, SMTPRecipientsRefused

    host, _, port = server.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"LINOD_DEMO_SMTP must be HOST:PORT, not {server!r}")

    with SMTP(host.strip("[]"), int(port), timeout=SMTP_TIMEOUT) as smtp:

        def carry(message: "EmailMessage") -> None:
            try:
                smtp.send_message(message)
            except SMTPRecipientsRefused as error:
                code, text = next(iter(error.recipients.values()))
                _refuse_if_final(code, text, error)
            except SMTPDataError as error:
                _refuse_if_final(error.smtp_code, error.smtp_error, error)

        yield carry


def _refuse_if_final(code: int, text: bytes | str, error: OSError) -> None:
    """Raise Refused for a 5yz reply, which repeating does not change, else the error (RFC 5321, 4.2.1)."""
    if 500 <= code < 600:
        raise Refused(f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}") from error
    raise error
