"""Logs far more than a journald or a pipe that nobody reads will take; prints what that cost."""

import json
import logging
import os
import sys
import time

from linod.journal import Journal, open_writer


def main() -> None:
    journal = Journal(open_writer(os.environ, sys.stderr, color=None, site="demo"), capacity=1000)
    longest = 0.0
    for number in range(20_000):
        before = time.monotonic()
        journal.send(logging.INFO, f"line {number} {'x' * 200}", of_job=number % 10 != 0)
        longest = max(longest, time.monotonic() - before)
    lost, kept = journal.lost, journal.waiting
    journal.send_last("Done")
    closed = journal.close()
    said = {"longest": longest, "jobs_lost": lost.jobs, "own_lost": lost.own, "kept": kept, "closed": closed}
    print(json.dumps(said))


if __name__ == "__main__":
    main()
