"""A child looks for its order before it rehearses, and waits for it afterwards."""

import json
import os
import socket
import time
from threading import Thread

import pytest

from linod.host.order import has_order, read_order

ORDER = {"job_id": 1, "procedure": "p", "log_level": "INFO", "task": {}, "job": {}, "user": None}
LINE = json.dumps(ORDER).encode() + b"\n"


@pytest.mark.parametrize("soon", [0.0, 0.001])
def test_without_an_order_it_says_so_and_then_waits_for_one(soon: float) -> None:
    daemon, child = socket.socketpair()
    with daemon, child:
        assert not has_order(child, soon)
        assert child.gettimeout() is None  # else the wait for the order would end with an error
        daemon.sendall(LINE)
        assert has_order(child, soon)
        assert read_order(child) == ORDER  # looking has taken nothing of it


def test_an_order_that_comes_soon_is_waited_for() -> None:
    daemon, child = socket.socketpair()

    def send() -> None:
        deadline = time.monotonic() + 10
        while child.gettimeout() != 20.0 and time.monotonic() < deadline:
            os.sched_yield()
        daemon.sendall(LINE)

    with daemon, child:
        sender = Thread(target=send)
        sender.start()
        assert has_order(child, 20.0)
        sender.join()
