"""Procedures that take what they can get. What waits does so until there is a file `go` in the state directory."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from linod import BaseRequest, background_task

STATE = Path(os.environ.get("STATE_DIRECTORY", "/nowhere"))
MIB = 1 << 20

GROW = "taken = []\nfor _ in range(300): taken.append(bytearray(b'x') * (1 << 20))"


def started() -> None:
    (STATE / "started").write_text(str(os.getpid()))


def until_go() -> None:
    while not (STATE / "go").exists():
        select.select([], [], [], 0.1)


@background_task(every_unit="never")
def waits(ar: BaseRequest) -> None:
    started()
    until_go()


@background_task(every_unit="never")
def grows(ar: BaseRequest) -> None:
    exec(GROW)


@background_task(every_unit="never")
def child_grows(ar: BaseRequest) -> None:
    """What it starts takes too much, and it would say that all is well."""
    subprocess.run([sys.executable, "-c", GROW], check=False)
    ar.info("all is well")


@background_task(every_unit="never")
def forks(ar: BaseRequest) -> None:
    """Until no more can be forked."""
    count = 0
    try:
        while count < 100:
            in_child(signal.pause)
            count += 1
    except BlockingIOError:
        ar.info("%d could be forked", count)


def in_child(do: Callable[[], object]) -> int:
    pid = os.fork()
    if not pid:
        do()
        os._exit(0)
    return pid


def spin() -> None:
    """On every processor."""

    def until_go_busily() -> None:
        while not (STATE / "go").exists():
            sum(range(100_000))

    pids = [in_child(until_go_busily) for _ in range(2)]
    started()
    for pid in pids:
        os.waitpid(pid, 0)


@background_task(every_unit="never")
def spins(ar: BaseRequest) -> None:
    spin()


@background_task(every_unit="never")
def spins_too(ar: BaseRequest) -> None:
    spin()


@background_task(every_unit="never")
def transfers(ar: BaseRequest) -> None:
    """Writes 3 MiB to the disk and reads them from there, by a process of its own."""
    file = STATE / "transferred"
    code = f"import os; f = open({str(file)!r}, 'wb'); f.write(b'x' * {3 * MIB}); f.flush(); os.fsync(f.fileno())"
    code += "; os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert len(file.read_bytes()) == 3 * MIB
    file.unlink()


@background_task(every_unit="never")
def scatters(ar: BaseRequest) -> None:
    """Starts processes that nobody who looks at parents, sessions or process groups finds again."""
    for _ in range(5):
        os.waitpid(in_child(begin_hiding), 0)
    started()
    until_go()


def begin_hiding() -> None:
    os.setsid()
    in_child(hide)


def hide() -> None:
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    os.closerange(0, 64)
    while True:
        signal.pause()
