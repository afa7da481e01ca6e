"""The procedures of the tests' sites. What waits looks at files in the state directory, which tests make."""

import os
import select
import socket
from collections.abc import Callable
from pathlib import Path

from linod import BaseRequest, background_task

STATE = Path(os.environ.get("STATE_DIRECTORY", "/nowhere"))


@background_task(every_unit="never")
def quick(ar: BaseRequest) -> None:
    ar.info("the only line")


@background_task(every_unit="secondly", every=1, disabled=True)
def each_second(ar: BaseRequest) -> None:
    pass


@background_task(every_unit="never")
def levels(ar: BaseRequest) -> None:
    ar.debug("a line at debug")
    ar.info("a line at info")
    ar.warning("a line at warning")
    ar.error("a line at error")


@background_task(every_unit="never")
def breaks(ar: BaseRequest) -> None:
    ar.info("voucher 17 is next")
    raise ValueError("bad voucher 17")


@background_task(every_unit="never")
def floods(ar: BaseRequest) -> None:
    for number in range(50_000):
        ar.info("flood %d", number)


@background_task(every_unit="never")
def waits(ar: BaseRequest) -> None:
    """Until there is a file `go`."""
    (STATE / "started").write_text(str(os.getpid()))
    try:
        while not (STATE / "go").exists():
            select.select([], [], [], 0.02)
    finally:
        (STATE / "started").unlink()


@background_task(every_unit="never")
def sends_mail(ar: BaseRequest) -> None:
    from email.message import EmailMessage
    from smtplib import SMTP

    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "from a job"
    message.set_content("It has arrived.")
    with SMTP("127.0.0.1", int((STATE / "port").read_text()), timeout=10) as smtp:
        smtp.send_message(message)


@background_task(every_unit="never")
def deaf(ar: BaseRequest) -> None:
    """Does not hear that it should end."""
    import signal

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (STATE / "started").write_text(str(os.getpid()))
    while True:
        select.select([], [], [], 60)


@background_task(every_unit="never")
def scatters(ar: BaseRequest) -> None:
    """Starts a process that nobody who looks at parents, sessions or process groups finds again, and waits."""
    import signal

    pid = os.fork()
    if not pid:
        os.setsid()
        if not os.fork():
            os.setsid()
            os.closerange(0, 64)
            (STATE / "hidden").write_text(str(os.getpid()))
            while True:
                signal.pause()
        os._exit(0)
    os.waitpid(pid, 0)
    while not (STATE / "hidden").exists() or not (STATE / "hidden").read_text():
        select.select([], [], [], 0.02)
    waits(ar)


def write(path: Path) -> None:
    path.write_text("")


def unshare() -> None:
    """A user namespace; os.unshare is of Python 3.12."""
    import ctypes

    if ctypes.CDLL(None, use_errno=True).unshare(0x10000000):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


FORBIDDEN: dict[str, Callable[[], object]] = {
    "write to /etc": lambda: write(Path("/etc/linod/mine.toml")),
    "write to /usr": lambda: write(Path("/usr/local/mine")),
    "write to another site's state": lambda: write(STATE.parent / "mine"),
    "write to /home": lambda: write(Path("/home/mine")),
    "go before others": lambda: os.nice(-1),
    "speak netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "read the kernel's log": lambda: Path("/dev/kmsg").read_bytes(),
    "make a namespace": unshare,
    "see processes of root": lambda: Path("/proc/1/comm").read_text(),
    "become root": lambda: os.setuid(0),
}


@background_task(every_unit="never")
def tries_what_is_forbidden(ar: BaseRequest) -> None:
    """Fails when one of these works."""
    worked = []
    for name, attempt in FORBIDDEN.items():
        try:
            attempt()
        except OSError as error:
            ar.info("%s: %s", name, error.strerror)
        else:
            worked.append(name)
    assert not worked, worked
