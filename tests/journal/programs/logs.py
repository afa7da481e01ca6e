"""Logs as the daemon does. With `echo` it logs each line of its input instead, and answers when it is written."""

import logging
import os
import sys

from linod.journal import Event, Journal, JournalHandler, open_writer


def main() -> None:
    journal = Journal(open_writer(os.environ, sys.stderr, color=None, site="demo"))
    log = logging.getLogger("lino")
    log.setLevel(logging.INFO)
    log.addHandler(JournalHandler(journal))
    log.info("Start task runner", extra={"event": Event.STARTED})
    fields = {"LINOD_TASK": "checkdata", "LINOD_JOB": "4711"}
    text = "Disabled checkdata\nTraceback: ünknown\n  at line 1"
    journal.send(logging.ERROR, text, event=Event.TASK_DISABLED, fields=fields)
    journal.send_last("Done")
    log.info("this comes too late")
    sys.exit(0 if journal.close() else 1)


def echo() -> None:
    journal = Journal(open_writer(os.environ, sys.stderr, color=None, site="demo"))
    for line in sys.stdin:
        journal.send(logging.INFO, line.replace("|", "\n"))
        print(journal.drain(), journal.trouble, flush=True)
    journal.close()


if __name__ == "__main__":
    echo() if sys.argv[1:] else main()
