"""Entry point of the command `linod`.

The daemon stays for months, and typer with it would: 100 ms of its start and 10 MiB of its memory (typer 0.29, which
brings pydantic). So a command line that only starts the daemon and has no mistake in it is read here. Typer, in
`linod.cli.commands`, reads every other one, and what it would have read in such a line is the same: a test compares.
"""

import gc
import sys
from collections.abc import Sequence
from typing import Any

from linod.cli.given import Given, run_daemon

VALUES = {
    "--settings": "settings",
    "--site": "site",
    "--pythonpath": "pythonpath",
    "--verbosity": "verbosity",
    "-v": "verbosity",
}
FLAGS = {
    "--traceback": "traceback",
    "--no-color": "no_color",
    "--force-color": "force_color",
    "--skip-checks": "skip_checks",
}


def plain_start(words: Sequence[str]) -> Given | None:
    """The options of a command line that starts the daemon; None for any other line, and where a word is in doubt."""
    fields: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        if word in FLAGS:
            fields[FLAGS[word]] = True
            continue
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        value = value if equals else next(rest, "")
        if name not in VALUES or not value or value.startswith("-"):
            return None
        field = VALUES[name]
        if field == "verbosity":
            if value not in ("0", "1", "2", "3"):
                return None
            fields[field] = int(value)
        else:
            fields[field] = (*fields.get(field, ()), value) if field == "pythonpath" else value
    given = Given(**fields)
    return None if given.no_color and given.force_color else given


def main() -> None:
    """Run the command."""
    given = plain_start(sys.argv[1:])
    if given is not None:
        gc.disable()  # until READY: nothing of what is imported until then is garbage, and looking for it takes 10 ms
        run_daemon(given)
    from linod.cli.commands import app

    app(prog_name="linod")


if __name__ == "__main__":
    main()
