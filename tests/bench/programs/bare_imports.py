"""The floor of a start: an interpreter that imports the modules in the file MODULES, and says READY as linod does.

    python bare_imports.py MODULES

A module that cannot be imported is one that the daemon tried in vain, too: an optional part of a library.
"""

import contextlib
import os
import socket
import sys
from pathlib import Path

for name in Path(sys.argv[1]).read_text().split():
    with contextlib.suppress(ImportError):
        __import__(name)

with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
    notify.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
