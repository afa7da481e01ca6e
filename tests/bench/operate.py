"""What the bench asks of a running linod, through its control socket as every operator does."""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from linod.control.client import Client
from tests.bench.verdict import Unmeasured

PAGE = 200
"""Jobs in one answer."""


def run_now(client: Client, task: str) -> None:
    client.call("RunNow", task=task)


def disable(client: Client, task: str) -> None:
    client.call("Disable", task=task)


def set_columns(client: Client, task: str, **columns: object) -> None:
    client.call("SetTask", task=task, columns=columns)


def add(client: Client, procedure: str, name: str, **columns: object) -> None:
    client.call("AddTask", procedure=procedure, name=name, columns=columns)


def tasks(client: Client) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = client.call("ListTasks")["tasks"]
    return found


def jobs(client: Client, task: str | None = None) -> Iterator[Mapping[str, Any]]:
    """The ledger, newest first, page by page."""
    last: int | None = None
    while page := client.call("ListJobs", task=task, before=last, limit=PAGE)["jobs"]:
        yield from page
        last = page[-1]["id"]


def wait_until_idle(client: Client, timeout: float = 60.0) -> None:
    """Wait until no job is unfinished and no request waits."""
    deadline = time.monotonic() + timeout
    while any(client.call("GetStatus")["status"]["counts"][name] for name in ("running", "requested")):
        if time.monotonic() > deadline:
            raise Unmeasured(f"linod was not idle within {timeout:g} s")
        time.sleep(0.25)  # each question costs linod a little of what is measured
    time.sleep(0.2)  # the last end's transaction, and the fork of the next spare, are behind it


def wait_for_end(client: Client, task: str, timeout: float = 60.0) -> None:
    """Wait until the last job of a task has ended. To ask this costs linod little, however many tasks there are."""
    deadline = time.monotonic() + timeout
    while not any(job["ended_at"] for job in client.call("ListJobs", task=task, before=None, limit=1)["jobs"]):
        if time.monotonic() > deadline:
            raise Unmeasured(f"{task} had not ended within {timeout:g} s")
        time.sleep(0.25)


def moment(text: str) -> datetime:
    """A moment of the wire, RFC 3339 in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)
