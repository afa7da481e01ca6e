"""The mails that a mail server keeps for the office, by IMAP (RFC 3501). imaplib takes 40 ms to import."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from imaplib import IMAP4, IMAP4_SSL
from urllib.parse import SplitResult, unquote, urlsplit

TIMEOUT = 10
"""Seconds to wait for the server: a job should not hang because another machine does."""


@contextmanager
def unseen(url: str) -> Iterator[Iterator[tuple[bytes, Callable[[], object]]]]:
    """The mails of INBOX that nobody has seen, each with what marks it as seen.

    url     imap://USER:PASSWORD@HOST:PORT, or imaps; the port may be left out; "@" and "%" are written %40 and %25.
    Raises  OSError and IMAP4.abort when the server is away or goes away, IMAP4.error when it refuses the user,
            ValueError for another URL.
    """
    place = urlsplit(url)
    if place.scheme not in ("imap", "imaps") or not place.hostname or place.username is None:
        raise ValueError("LINOD_DEMO_IMAP must be imap://USER:PASSWORD@HOST:PORT")  # without the password it had
    with _connected(place, place.hostname) as server:
        server.login(unquote(place.username), unquote(place.password or ""))
        server.select("INBOX")
        yield _mails(server)


def _connected(place: SplitResult, host: str) -> IMAP4:
    if place.scheme == "imaps":
        return IMAP4_SSL(host, place.port or 993, ssl_context=ssl.create_default_context(), timeout=TIMEOUT)
    return IMAP4(host, place.port or 143, timeout=TIMEOUT)


def _mails(server: IMAP4) -> Iterator[tuple[bytes, Callable[[], object]]]:
    found = server.uid("SEARCH", "UNSEEN")[1][0] or b""
    for uid in found.decode().split():
        parts = server.uid("FETCH", uid, "(BODY.PEEK[])")[1]  # PEEK: it stays unseen until it is filed
        for part in parts:
            if isinstance(part, tuple):  # else it was deleted meanwhile
                yield part[1], partial(server.uid, "STORE", uid, "+FLAGS", r"(\Seen)")
