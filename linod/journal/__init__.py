"""The log: records go through one bounded queue and one thread to journald, or as lines to standard error.

    Journal(open_writer(environ, sys.stderr, color=None, site="linod")).send(logging.INFO, "Done", event=Event.DONE)

`Journal` is the queue and its thread, `open_writer` chooses where records go, `JournalHandler` brings those of Python's
logging, `Tail` keeps the last lines of one job for its row.
"""

from linod.journal.entry import Entry, printable
from linod.journal.events import Event
from linod.journal.handler import JournalHandler
from linod.journal.queue import Journal, Lost
from linod.journal.tail import Tail
from linod.journal.writers import Writer, open_writer

__all__ = ["Entry", "Event", "Journal", "JournalHandler", "Lost", "Tail", "Writer", "open_writer", "printable"]
