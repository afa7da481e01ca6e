"""The procedures of the tests' sites. What waits looks at files in the state directory, which tests make."""

import os
import select
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
def freezes_the_host(ar: BaseRequest) -> None:
    """Stop the process that forks the jobs, and be no part of what is stopped."""
    os.kill(os.getppid(), 19)


@background_task(every_unit="never")
def sends_mail(ar: BaseRequest) -> None:
    from email.message import EmailMessage
    from smtplib import SMTP

    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "from a job"
    message.set_content("It has arrived.")
    with SMTP("127.0.0.1", int((STATE / "port").read_text()), timeout=10) as smtp:
        smtp.send_message(message)
