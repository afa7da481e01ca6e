"""A timer on the wall clock: the loop is woken at a moment, not after a time, and when somebody sets the clock.

asyncio's own timers count on the monotonic clock, to the next whole millisecond (epoll_wait(2)), and know nothing of a
wall clock that was set.
"""

import asyncio
import ctypes
import errno
import os
import time
from collections.abc import Callable
from datetime import datetime

TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET = 1, 2  # <sys/timerfd.h>

NEVER = 1 << 40
"""Seconds since 1970, some 35,000 years on: a timer that only tells that the clock was set."""


class _Itimerspec(ctypes.Structure):
    """struct itimerspec of timerfd_settime(2): interval and first expiration, each seconds and nanoseconds."""

    _fields_ = [(name, ctypes.c_long) for name in ("every_s", "every_ns", "first_s", "first_ns")]


class Alarm:
    """One timer. (Python has os.timerfd_create only since 3.13, and Debian 12 has 3.11.)

    ring           called in the loop when the moment has come.
    clock_was_set  called in the loop when the wall clock was set; the moment stays as it was.
    """

    def __init__(self, ring: Callable[[], None], clock_was_set: Callable[[], None]) -> None:
        self._ring = ring
        self._clock_was_set = clock_was_set
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._checked(self._libc.timerfd_create(time.CLOCK_REALTIME, os.O_CLOEXEC | os.O_NONBLOCK))
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._fd, self._readable)
        self.set(None)

    def set(self, moment: datetime | None) -> None:
        """Ring at this moment, in the place of the one before; at once when it has passed. None: do not ring."""
        # The next microsecond: one that rings early would find nothing due.
        seconds, micros = (NEVER, 0) if moment is None else divmod(round(moment.timestamp() * 1_000_000) + 1, 1_000_000)
        spec = _Itimerspec(0, 0, seconds, micros * 1000)
        flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET
        self._checked(self._libc.timerfd_settime(self._fd, flags, ctypes.byref(spec), None))

    def close(self) -> None:
        self._loop.remove_reader(self._fd)
        os.close(self._fd)

    def _readable(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:  # set anew since it rang
            return
        except OSError as error:
            if error.errno != errno.ECANCELED:
                raise
            self._clock_was_set()
        else:
            self._ring()

    @staticmethod
    def _checked(result: int) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, f"timerfd: {os.strerror(number)}")
        return result
