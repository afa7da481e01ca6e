"""Python's logging, sent to the journal."""

import logging

from linod.journal.queue import Journal


class JournalHandler(logging.Handler):
    """Sends the records of a logger to a `Journal`.

    A call may name its event and fields: `log.error("...", extra={"event": Event.HOST_LOST, "fields": {...}})`.
    Where the call stands in the source goes along, as CODE_FILE, CODE_LINE and CODE_FUNC (systemd.journal-fields(7)).
    """

    def __init__(self, journal: Journal, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        fields = {**place_of(record), **getattr(record, "fields", {})}
        self._journal.send(record.levelno, said(self, record), event=getattr(record, "event", None), fields=fields)


def said(handler: logging.Handler, record: logging.LogRecord) -> str:
    """The text of a record, with what the handler's formatter adds."""
    try:
        return handler.format(record)
    except Exception as error:  # arguments that do not fit the text: what was to be said still is
        text = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        return f"{text} [{type(error).__name__} in the log call at {record.pathname}:{record.lineno}]"


def place_of(record: logging.LogRecord) -> dict[str, str]:
    """Where the call stands in the source."""
    return {"CODE_FILE": record.pathname, "CODE_LINE": str(record.lineno), "CODE_FUNC": record.funcName or ""}
