"""Procedures that do not want to end, each in a way of its own. All write to OUT when they are at it."""

import asyncio
import atexit
import hashlib
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import time
from typing import Any, NoReturn

from linod import background_task

OUT = os.environ["STUBBORN_OUT"]


def begun() -> None:
    """One line, for this process."""
    with open(OUT, "a") as out:  # noqa: PTH123
        out.write(f"{os.getpid()}\n")


def forever() -> NoReturn:
    while True:
        time.sleep(600)


@background_task()
def ignores_signals(ar: Any) -> None:
    for number in set(range(1, 32)) - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
        signal.signal(number, signal.SIG_IGN)
    begun()
    forever()


@background_task()
def blocks_signals(ar: Any) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))
    begun()
    forever()


@background_task()
def catches_everything(ar: Any) -> None:
    begun()
    while True:
        try:
            forever()
        except BaseException:
            ar.info("no")


@background_task()
async def swallows_cancellation(ar: Any) -> None:
    begun()
    while True:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            ar.info("no")


@background_task()
def fails_in_cleanup(ar: Any) -> None:
    try:
        begun()
        forever()
    finally:
        raise ValueError("the file is gone")


@background_task()
def spins_in_sum(ar: Any) -> None:
    begun()
    sum(range(10**15))


@background_task()
def spins_in_re(ar: Any) -> None:
    begun()
    re.match(r"(a*)*b", "a" * 60)


@background_task()
def spins_in_hashlib(ar: Any) -> None:
    begun()
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)


@background_task()
def waits_for_its_vfork(ar: Any) -> None:
    """In uninterruptible sleep, as far as one can get there: until the child of its vfork(2) has a program."""
    fifo = OUT + ".fifo"
    os.mkfifo(fifo)
    begun()
    os.posix_spawn("/bin/true", ["true"], {}, file_actions=[(os.POSIX_SPAWN_OPEN, 0, fifo, os.O_RDONLY, 0)])


@background_task()
def stops_itself(ar: Any) -> None:
    begun()
    os.kill(os.getpid(), signal.SIGSTOP)


def daemon() -> None:
    """As the books have it: sessions of their own, parents that have ended, nothing open, no environment."""
    if os.fork():
        os.wait()
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    os.closerange(0, 100)
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))
    begun()
    os.execve("/bin/sleep", ["sleep", "600"], {"STUBBORN_OUT": OUT})


@background_task()
def starts_daemons(ar: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for _ in range(3):
        daemon()
    begun()
    forever()


@background_task()
def leaves_its_pipes_to_others(ar: Any) -> None:
    """A grandchild holds them when the job's process has ended, which it does when it is told to."""
    subprocess.Popen(["sleep", "600"], close_fds=False, start_new_session=True)
    held = [int(name) for name in os.listdir("/proc/self/fd")]  # noqa: PTH208
    stream = [fd for fd in held if os.path.exists(f"/proc/self/fd/{fd}") and stat.S_ISSOCK(os.fstat(fd).st_mode)]  # noqa: PTH110
    subprocess.Popen(["sleep", "600"], pass_fds=stream, start_new_session=True)
    begun()
    forever()


@background_task()
def has_many_children(ar: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for _ in range(100):
        if not os.fork():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            forever()
    begun()
    forever()


@background_task()
def closes_all(ar: Any) -> None:
    begun()
    os.closerange(0, 4096)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    forever()


@background_task()
def floods(ar: Any) -> None:
    begun()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    line = b"x" * 1023 + b"\n"
    while True:
        os.write(1, line * 60)


@background_task()
def logs_for_ever(ar: Any) -> None:
    begun()
    while True:
        try:
            ar.info("%s", "x" * 60_000)
        except BaseException:
            continue


@background_task()
def has_a_thread_that_goes_on(ar: Any) -> None:
    threading.Thread(target=forever).start()
    begun()


@background_task()
def hangs_at_exit(ar: Any) -> None:
    atexit.register(forever)
    begun()


@background_task()
def reads_what_never_comes(ar: Any) -> None:
    reader, _ = os.pipe()
    begun()
    while True:
        try:
            os.read(reader, 1)
        except BaseException:
            sys.stdin.read()


@background_task(timeout=0)
def pulse(ar: Any) -> None:
    """Not one of them."""
