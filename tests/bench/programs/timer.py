"""The floor of a schedule: a timerfd and epoll, nothing else.

    python timer.py FIRST COUNT

FIRST is the first moment in nanoseconds of CLOCK_REALTIME, one of COUNT that are a second apart. Prints for each how
late the process woke up, in nanoseconds. (Python has os.timerfd_create only since 3.13.)
"""

import ctypes
import os
import select
import sys
import time

TFD_TIMER_ABSTIME = 1  # <sys/timerfd.h>
SECOND = 1_000_000_000


class Itimerspec(ctypes.Structure):
    """struct itimerspec of timerfd_settime(2): interval and first expiration, each seconds and nanoseconds."""

    _fields_ = [(name, ctypes.c_long) for name in ("every_s", "every_ns", "first_s", "first_ns")]


def timer(first: int) -> int:
    """The descriptor of a timer that expires at `first` and each second after it."""
    libc = ctypes.CDLL(None, use_errno=True)
    file: int = libc.timerfd_create(time.CLOCK_REALTIME, os.O_CLOEXEC)
    spec = Itimerspec(1, 0, *divmod(first, SECOND))
    if file < 0 or libc.timerfd_settime(file, TFD_TIMER_ABSTIME, ctypes.byref(spec), None) < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"timerfd: {os.strerror(error)}")
    return file


def main() -> None:
    first, count = int(sys.argv[1]), int(sys.argv[2])
    file = timer(first)
    poller = select.epoll()
    poller.register(file, select.EPOLLIN)
    due, last = first, first + (count - 1) * SECOND
    while due <= last:
        poller.poll()
        woken = time.clock_gettime_ns(time.CLOCK_REALTIME)
        expired = int.from_bytes(os.read(file, 8), sys.byteorder)
        print(woken - due, flush=True)
        due += expired * SECOND


if __name__ == "__main__":
    main()
