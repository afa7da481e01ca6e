"""Prints the path of each inherited socket and whether a child would inherit it, or the error with its exit code.

With arguments, PID COUNT FD..., it first does as systemd: descriptors from 3 on, LISTEN_PID and LISTEN_FDS, and then
executes itself, still the same process. PID may be "own".
"""

import fcntl
import os
import sys

from linod.errors import ConfigurationError
from linod.notify import inherited_sockets

FREE = 100  # descriptors from here on are nobody's


def be_systemd(pid: str, count: str, descriptors: list[int]) -> None:
    moved = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, FREE) for fd in descriptors]
    os.closerange(3, FREE)
    for place, fd in enumerate(moved, start=3):
        os.dup2(fd, place)
    environ = {**os.environ, "LISTEN_PID": str(os.getpid()) if pid == "own" else pid, "LISTEN_FDS": count}
    os.execve(sys.executable, [sys.executable, __file__], environ)


def main() -> None:
    try:
        for found in inherited_sockets(os.environ):
            print(found.getsockname(), found.get_inheritable())
    except ConfigurationError as error:
        print(error.exit_code, error)


if __name__ == "__main__":
    if sys.argv[1:]:
        be_systemd(sys.argv[1], sys.argv[2], [int(fd) for fd in sys.argv[3:]])
    main()
