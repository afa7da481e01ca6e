"""The queue of log records and the thread that writes them."""

import logging
import signal
import threading
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue

from linod.journal.entry import Entry
from linod.journal.events import Event
from linod.journal.writers import Writer
from linod.tuples import NamedTuple

CAPACITY = 10_000
"""Records that may wait: as many as one job may log."""

CHARACTERS = 16 * 1024 * 1024
"""Characters that may wait, twice what one job may log; the daemon's own records may double it."""

NO_FIELDS: Mapping[str, str] = {}


class Lost(NamedTuple):
    """How many records were lost since the start: lines of jobs, and records of linod itself."""

    jobs: int
    own: int


class Journal:
    """The log of one process: any thread sends, one thread writes, and nobody who sends ever waits.

    writer    where the records go. It may block for as long as it likes.
    capacity  records that may wait. When they do, lines of jobs are dropped.
    reserve   how many more the daemon's own may be. Past it the oldest of all are dropped.

    What was dropped, or could not be written, is counted, and one record says so once the backlog is written: before
    its last record, so that a "Done" stays the last line. The thread sleeps in the kernel while nothing is sent.
    """

    def __init__(self, writer: Writer, *, capacity: int = CAPACITY, reserve: int = 10_000) -> None:
        self._writer = writer
        self._capacity = capacity
        self._limit = capacity + reserve
        self._queue: SimpleQueue[Entry | threading.Event] = SimpleQueue()  # an Event is set when the writer comes to it
        # Reentrant, because the garbage collector may run a __del__ that logs inside any line below.
        self._lock = threading.RLock()
        self._waiting = 0
        self._characters = 0
        self._lost = Lost(0, 0)
        self._reported = Lost(0, 0)
        self._since_loss = 0
        self._failure = ""
        self._closed = False
        self._written = threading.Event()
        # A daemon thread: a journald that stopped reading must not keep the process from ending.
        threading.Thread(target=self._run, name="linod-journal", daemon=True).start()

    def send(
        self,
        level: int,
        text: str,
        *,
        event: Event | None = None,
        fields: Mapping[str, str] | None = None,
        of_job: bool = False,
    ) -> None:
        """Hand over a record; it is written later. Never blocks, never fails; ignored after `send_last` and `close`."""
        entry = Entry(level, text, event, fields or NO_FIELDS, of_job)
        with self._lock:
            if not self._closed:
                self._put(entry)

    def send_last(self, text: str, *, level: int = logging.INFO, event: Event = Event.DONE) -> None:
        """Hand over the last record of this process: whatever is sent after it is ignored."""
        with self._lock:
            self.send(level, text, event=event)
            self._closed = True

    def divert(self, wrap: Callable[[Writer], Writer]) -> None:
        """Write what is sent from now on through another writer, which is made of the present one."""
        self._writer = wrap(self._writer)

    def drain(self, timeout: float = 2.0) -> bool:
        """Wait until all that was sent before is written; False when that took longer than `timeout` seconds."""
        if self._written.is_set():
            return True
        reached = threading.Event()
        self._queue.put(reached)
        return reached.wait(timeout)

    def close(self, timeout: float = 2.0) -> bool:
        """Write what waits and end the thread; False when `timeout` seconds were too few, and the rest is lost."""
        with self._lock:
            self._closed = True
        self._queue.put(self._written)
        return self._written.wait(timeout)

    @property
    def lost(self) -> Lost:
        """How many records were dropped or could not be written since the start."""
        return self._lost

    @property
    def waiting(self) -> int:
        """How many records wait to be written: many of them mean that journald does not read."""
        return self._waiting

    @property
    def trouble(self) -> str:
        """Why records do not go where they should at the moment; empty when they do."""
        return self._writer.trouble or self._failure

    # with the lock held

    def _put(self, entry: Entry) -> None:
        if entry.of_job:
            if self._waiting >= self._capacity or self._characters >= CHARACTERS:
                self._count_lost(entry)
                return
        else:
            while self._waiting >= self._limit or self._characters >= 2 * CHARACTERS:
                if not self._drop_oldest():
                    break
        self._waiting += 1
        self._characters += len(entry.text)
        self._queue.put(entry)

    def _drop_oldest(self) -> bool:
        try:
            oldest = self._queue.get_nowait()
        except Empty:  # the writer has just taken the last one and not yet counted it
            return False
        if isinstance(oldest, threading.Event):
            oldest.set()
        else:
            self._count_taken(oldest)
            self._count_lost(oldest)
        return True

    def _count_taken(self, entry: Entry) -> None:
        self._waiting -= 1
        self._characters -= len(entry.text)

    def _count_lost(self, entry: Entry) -> None:
        jobs, own = self._lost
        self._lost = Lost(jobs + 1, own) if entry.of_job else Lost(jobs, own + 1)

    # in the thread

    def _run(self) -> None:
        # Signals are for the main thread: here one would interrupt the call into journald and cost the record.
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))
        while not self._written.is_set():
            entry = self._queue.get()
            if isinstance(entry, threading.Event):
                entry.set()
                continue
            with self._lock:
                self._count_taken(entry)
                report = self._report_due()
            if report is not None and self._write(report[0]):
                self._reported = report[1]
            if not self._write(entry):
                with self._lock:
                    self._count_lost(entry)

    def _write(self, entry: Entry) -> bool:
        """Write one record. Whatever goes wrong is that record's loss, counted and named, never the thread's end."""
        try:
            self._writer.write(entry)
        except Exception as error:
            self._failure = f"{type(error).__name__}: {error}"
            return False
        self._failure = ""
        self._since_loss += 1
        return True

    def _report_due(self) -> tuple[Entry, Lost] | None:
        """The record about losses, when the backlog is down to its last record, or after a whole queue of others."""
        if self._lost == self._reported:
            self._since_loss = 0
            return None
        if self._waiting and self._since_loss < self._limit:
            return None
        jobs, own = self._lost.jobs - self._reported.jobs, self._lost.own - self._reported.own
        why = f"they could not be written ({self._failure})" if self._failure else "the log was not taken fast enough"
        text = (
            f"{jobs} log records of jobs and {own} of linod itself were lost: {why}. "
            "The last lines of each job are in the ledger: linod-ctl log"
        )
        return Entry(logging.WARNING, text, Event.RECORDS_LOST, NO_FIELDS, False), self._lost
