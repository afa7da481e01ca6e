"""A plugin for the bench: procedures that tell the moment of their first statement, that do nothing, that log.

Moments go into the FIFO `lines` beside this file, a line each: CLOCK_MONOTONIC and CLOCK_REALTIME in nanoseconds, and
the job's number. None of them is due by itself; the bench asks for them, or sets their schedule.
"""

import fcntl
import os
import time
from pathlib import Path

from linod import BaseRequest, background_task

HERE = Path(__file__).parent
LINES = str(HERE / "lines")
GATE = str(HERE / "gate")


@background_task(every_unit="never", log_level="WARNING")
def tell_first_line(ar: BaseRequest) -> None:
    """Tell when the first statement ran."""
    _tell(time.clock_gettime_ns(time.CLOCK_MONOTONIC), ar)


@background_task(every_unit="never", log_level="WARNING")
def need_four_seconds(ar: BaseRequest) -> None:
    """Tell when it began, and need 4 s more."""
    began = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    _tell(began, ar)
    time.sleep(4 - (time.clock_gettime_ns(time.CLOCK_MONOTONIC) - began) / 1e9)


@background_task(every_unit="never", log_level="WARNING")
def do_nothing(ar: BaseRequest) -> None:
    """Do nothing."""


@background_task(every_unit="never", log_level="INFO")
def log_ten_lines(ar: BaseRequest) -> None:
    """Log a little, as most do."""
    for number in range(10):
        ar.info("line %d of a job that has a little to say", number)


@background_task(every_unit="never", log_level="WARNING")
def wait_at_the_gate(ar: BaseRequest) -> None:
    """Hold one of the daemon's job slots until the bench lets go of its lock on the file `gate`."""
    with Path(GATE).open() as gate:
        fcntl.flock(gate, fcntl.LOCK_SH)


def _tell(moment: int, ar: BaseRequest) -> None:
    line = f"{moment} {time.clock_gettime_ns(time.CLOCK_REALTIME)} {ar.job['id'] if ar.job else 0}\n"
    file = os.open(LINES, os.O_WRONLY)
    os.write(file, line.encode())
    os.close(file)
