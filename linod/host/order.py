"""The order of a job: read from the stream, and made into what the procedure gets. Runs in the child."""

import json
import logging
import os
import socket
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from linod.host.outlet import Outlet
from linod.host.protocol import EXIT_NO_ORDER, Message
from linod.loglevels import LogLevel
from linod.models import detached
from linod.request import BaseRequest


class JobRequest(BaseRequest):
    """The request of a job. Its task becomes an instance when the procedure asks for it: that takes 0.1-0.2 ms, which
    would stand between the order and the first line of every procedure.
    """

    def __init__(self, row: Mapping[str, Any], **given: Any) -> None:
        super().__init__(**given)
        del self.__dict__["task"]
        self._row = row

    @cached_property
    def task(self) -> Any:
        return detached(self._row["kind"], dict(self._row)) if self._row else None


def has_order(stream: socket.socket, soon: float) -> bool:
    """Whether the order is there, or comes within `soon` seconds."""
    stream.settimeout(soon)
    try:
        return bool(stream.recv(1, socket.MSG_PEEK))
    except (BlockingIOError, TimeoutError):
        return False
    finally:
        stream.settimeout(None)


def read_order(stream: socket.socket) -> Message:
    """The one line that the daemon writes down the stream. Without one there is nothing to do, and nobody to tell."""
    data = bytearray()
    while not data.endswith(b"\n"):
        piece = stream.recv(1 << 16)
        if not piece:
            os._exit(EXIT_NO_ORDER if data else 0)  # at its beginning: this child is not needed
        data += piece
    try:
        order = json.loads(data)
        order["job_id"], order["procedure"], order["log_level"], order["task"], order["job"], order["user"]
    except (ValueError, KeyError, TypeError):
        os._exit(EXIT_NO_ORDER)
    return order  # type: ignore[no-any-return]


def begin(order: Message, stream: socket.socket, outlet: Outlet) -> BaseRequest:
    """Connect logging with the stream, at the task's level, and make what the procedure gets."""
    level = LogLevel[order["log_level"]].value
    outlet.attach(stream, level)
    logging.getLogger().setLevel(level)
    return JobRequest(
        order["task"],
        job=order["job"],
        user=order["user"],
        request_user=order.get("request_user"),  # an older daemon does not know of it
        progress=outlet.progress,
        logger=logging.getLogger("lino"),
    )
