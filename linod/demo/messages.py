"""Messages to users: by mail as each of them wants, and gone when they were read long ago."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby

from linod.demo.database import books, transaction
from linod.demo.mail import write_mail
from linod.demo.office import Message, User
from linod.demo.tables import utcnow

KEEP_SEEN_DAYS = 14


def mail_each() -> int:
    """Write one mail for each new message to a user who wants that. Returns how many."""
    with books(), transaction():
        messages = _unmailed("often")
        for message in messages:
            write_mail(message.user.email, message.subject, f"{message.subject}.\n")
        _mark(messages)
    return len(messages)


def mail_digests() -> int:
    """Write one mail a user with all messages that are new and not read. Returns how many mails."""
    with books(), transaction():
        messages = _unmailed("daily")
        digests = [(user, list(theirs)) for user, theirs in groupby(messages, key=lambda message: message.user)]
        for user, theirs in digests:
            lines = [f"- {message.created:%d.%m.%Y %H:%M} {message.subject}\n" for message in theirs]
            write_mail(user.email, f"Your messages ({len(theirs)})", "".join(lines))
        _mark(messages)
    return len(digests)


def clear_seen(now: datetime | None = None) -> int:
    """Delete the messages that were read more than KEEP_SEEN_DAYS ago; what nobody has read stays. Returns how many.

    now  a moment in UTC, naive; default the present.
    """
    with books(), transaction():
        long_ago = (now or utcnow()) - timedelta(days=KEEP_SEEN_DAYS)
        deleted: int = Message.delete().where(Message.seen < long_ago).execute()
    return deleted


def _unmailed(mode: str) -> list[Message]:
    """The messages that wait for their mail, those of one user behind each other."""
    waiting = Message.mailed.is_null() & Message.seen.is_null() & (User.mail_mode == mode)
    return list(Message.select(Message, User).join(User).where(waiting).order_by(User.id, Message.id))


def _mark(messages: Iterable[Message]) -> None:
    ids = [message.id for message in messages]
    Message.update(mailed=utcnow()).where(Message.id.in_(ids)).execute()
