"""The host rehearses in its own process: nothing of it may be left there."""

import gc
import logging
import signal
import sys
from pathlib import Path

from linod.host.child import Equipment
from linod.host.rehearsal import rehearse_in_host


def test_it_leaves_the_process_as_it_was() -> None:
    root = logging.getLogger()
    before = root.level
    root.setLevel(37)
    gc.collect()
    try:
        equipment = Equipment()
        state = _state()
        rehearse_in_host(equipment.outlet, equipment.handler, equipment.files[0])
        gc.collect()
        assert _state() == state
        assert root.level == 37
    finally:
        root.setLevel(before)


def _state() -> tuple[object, ...]:
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    handlers = [*logging.getLogger().handlers, *logging.getLogger("lino").handlers]
    open_files = sorted(file.name for file in Path("/proc/self/fd").iterdir())
    return mask, signal.getsignal(signal.SIGINT), handlers, open_files, sys.stdout
