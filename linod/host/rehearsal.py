"""A whole job for nobody, so that the first use of each page and module is not paid by a job.

A child does it once while it waits. The host does it some times before it forks the first: the interpreter rewrites
bytecode while it gets to know it (PEP 659), and what is rewritten in a child is a page of the host's that is copied.
Of a job's 750 page faults 100 are gone so, and 5 % of the CPU time of daemon, host and children together.
"""

import contextlib
import json
import logging
import signal
import socket
from typing import TextIO

from linod.host.order import begin, has_order, read_order
from linod.host.outlet import Outlet
from linod.host.protocol import Message
from linod.host.verdict import Verdict
from linod.jobs import State
from linod.tasks import SYSTEM_TASK

ENOUGH = 20
"""Rehearsals in the host, some 0.5 ms each; after 40 a child has no fewer page faults."""

ORDER: Message = {
    "job_id": 0,
    "procedure": "",
    "log_level": "INFO",
    "task": {"kind": SYSTEM_TASK, "id": 0, "name": "rehearsal"},
    "job": {},
    "user": None,
    "request_user": None,
}


def rehearse(outlet: Outlet, handler: logging.Handler, printed: TextIO) -> None:
    """Read an order, begin the job, log, print, report progress and the outcome. What fails here fails in the job,
    which reports it."""
    with contextlib.suppress(Exception), contextlib.ExitStack() as stack:
        ours, theirs = (stack.enter_context(sock) for sock in socket.socketpair())
        ours.sendall(json.dumps(ORDER).encode() + b"\n")
        has_order(theirs, 0.0)
        ar = begin(read_order(theirs), theirs, outlet)
        # Not by the logger: a plugin's handlers would write it to their files.
        handler.handle(ar.logger.makeRecord("lino", logging.INFO, __file__, 1, "rehearsal %d", (1,), None))
        print("rehearsal", file=printed)
        ar.progress(1, 1)
        outlet.report(Verdict(State.SUCCEEDED).report(signalled=False))


def rehearse_in_host(outlet: Outlet, handler: logging.Handler, printed: TextIO) -> None:
    """Rehearse for all children to come, with what each of them will have. Leaves the process as it is."""
    root = logging.getLogger()
    level = root.level
    for _ in range(ENOUGH):
        rehearse(outlet, handler, printed)
        signal.pthread_sigmask(signal.SIG_BLOCK, [])
    root.setLevel(level)
