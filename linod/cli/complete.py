"""What the completion of a shell asks for: `linod-ctl complete tasks`. Quick, and silent whatever happens.

Somebody has pressed TAB and waits: nothing of typer is imported here (it takes 0.2-0.3 s), a daemon that does not
answer is given up, and one that is stopped stays stopped.
"""

import os
import signal
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

PATIENCE = 0.5
"""Seconds after which there is no answer."""


def main(words: Sequence[str]) -> None:
    """Print what `words` ask for, one a line, and end the process: `[--site NAME] tasks|procedures|users|sites`."""
    signal.signal(signal.SIGALRM, lambda number, frame: os._exit(0))
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        site, what = (words[1], words[2:]) if words[:1] == ["--site"] else (None, words)
        names = "".join(f"{name}\n" for name in answers(site, *what)).encode(errors="surrogateescape")
        sys.stdout.buffer.write(names)
        sys.stdout.flush()
    except Exception:
        os._exit(0)  # a message would land in the middle of the line that somebody types


def answers(site: str | None, what: str) -> Iterable[str]:
    """The names of one sort; raises what goes wrong."""
    if what == "sites":
        from linod.settings.finding import ETC, VENDOR

        return sites((ETC, VENDOR))
    from linod.control.client import connect
    from linod.settings.sites import control_path

    with connect(control_path(site, os.environ), wake=False) as client:
        if what == "procedures":
            return [found["name"] for found in client.call("ListProcedures")["procedures"] if not found["problem"]]
        if what == "users":
            return [found["username"] for found in client.call("ListUsers")["users"]]
        return client.call("ListNames")["names"] if what == "tasks" else ()


def sites(directories: Iterable[Path]) -> list[str]:
    """The sites that have a file: its name without `.toml`."""
    from linod.settings.sites import is_name

    return sorted({file.stem for directory in directories for file in directory.glob("*.toml") if is_name(file.stem)})
