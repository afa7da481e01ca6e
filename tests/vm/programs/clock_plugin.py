"""Tasks of every pace. Each job writes down that it ran, beside linod's own ledger."""

import json
import os
import time
from pathlib import Path

from linod import BaseRequest, background_task

RAN = Path(os.environ.get("STATE_DIRECTORY", "/nowhere")) / "ran"


def write_down(ar: BaseRequest) -> None:
    assert ar.job is not None
    line = {name: ar.job[name] for name in ("id", "slot")} | {"task": ar.task.name}
    line |= {"at": time.time(), "awake": time.clock_gettime(time.CLOCK_MONOTONIC)}
    with RAN.open("a") as file:
        file.write(json.dumps(line) + "\n")


@background_task(every_unit="secondly", every=5)
def often(ar: BaseRequest) -> None:
    write_down(ar)


@background_task(every_unit="minutely")
def minutely(ar: BaseRequest) -> None:
    write_down(ar)


@background_task(every_unit="hourly")
def hourly(ar: BaseRequest) -> None:
    write_down(ar)


@background_task(every_unit="daily", start_time="04:00")
def daily(ar: BaseRequest) -> None:
    write_down(ar)


@background_task(every_unit="once", start_date="2027-03-10", start_time="04:00")
def only_once(ar: BaseRequest) -> None:
    write_down(ar)
