"""The plugins that installed distributions announce: entry points of the group `linod.plugins`.

Read straight from the `entry_points.txt` files (packaging.python.org, "Entry points specification"):
importlib.metadata takes 35 ms to import and parses every distribution's.
"""

import os
from collections.abc import Iterator, Sequence

from linod.host.kernel import read

GROUP = "linod.plugins"
MAX_BYTES = 1 << 20


def plugin_modules(path: Sequence[str]) -> list[str]:
    """The modules that entry points name, in alphabetical order, each once.

    path  directories as in sys.path; what is no directory is passed over, zip files included.
    """
    return sorted({module for directory in path for text in _texts(directory or ".") for module in _modules(text)})


def _texts(directory: str) -> Iterator[str]:
    try:
        names = os.listdir(directory)  # noqa: PTH208 - pathlib costs the host 5 ms
    except OSError:
        return
    for name in names:
        if name.endswith((".dist-info", ".egg-info")):
            try:
                data = read(f"{directory}/{name}/entry_points.txt", MAX_BYTES)
            except OSError:
                continue  # most have none
            if GROUP.encode() in data:
                yield data.decode("utf-8", "replace")


def _modules(text: str) -> Iterator[str]:
    """The module of each line `name = module:attribute [extras]` of our group."""
    group = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            group = line.strip("[] ")
        elif group == GROUP and "=" in line and not line.startswith(("#", ";")):
            yield line.partition("=")[2].partition(":")[0].partition("[")[0].strip()
